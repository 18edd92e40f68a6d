"""Prepared data in the cache folder, which is made again when it is needed, and what killed processes left there."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.cleaning.removal import Removal, removal
from harness.data.cache import lock_of
from harness.data.prepared_folder import CONTENTS


def prepared_data(cache: Path, older_than_s: float) -> list[Removal]:
    """Prepared data sets that nobody has read or written for so many seconds, as far as the file system records it.

    Args:
        cache: the folder of prepared data.
        older_than_s: seconds; 0: all of them.
    """
    if not cache.is_dir():
        return []
    found, before = [], time.time() - older_than_s
    for folder, inner, names in os.walk(cache):
        place = Path(folder)
        left = ".partial-" in place.name
        if not left and CONTENTS not in names:
            continue
        inner.clear()
        if _last_use(place) <= before:
            word = "unfinished data" if left else "prepared data"
            made = place.name.partition(".partial-")[0].removeprefix(".") if left else place.name
            found.append(removal(f"{word} {place.relative_to(cache)}", [place], lock_of(place.with_name(made))))
    return sorted(found, key=lambda one: one.what)


def _last_use(folder: Path) -> float:
    """Unix seconds; many systems record reading at most once a day."""
    stats = [os.lstat(Path(inside) / name) for inside, _, names in os.walk(folder) for name in names]
    return max((max(stat.st_atime, stat.st_mtime) for stat in stats), default=os.lstat(folder).st_mtime)
