"""What a folder of prepared data contained when it was made, so that damage is noticed before it is used.

The list `.contents.json` in the folder has the digest and the stamp of each file. A file of another stamp (another
disk, a copy, an editor) is hashed again.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.data.content_hash import Stamp, hashed, read_hashes, reading_anew, write_hashes
from harness.errors import DataError

CONTENTS = ".contents.json"


def seal(folder: Path) -> None:
    """Write down what a folder contains, once it is complete; nobody else may be writing to it."""
    write_hashes(folder / CONTENTS, {name: hashed(folder / name)[:2] for name in _files(folder)})


def damage(folder: Path) -> str:
    """The name of a file that is not as it was made, or an empty text if all are.

    Files that were added are not looked at.
    """
    made = read_hashes(folder / CONTENTS)
    if made is None:
        return CONTENTS
    now = dict(made)
    for name, (stamp, digest) in made.items():
        try:
            if Stamp.of(os.stat(folder / name)) == stamp and reading_anew() is None:
                continue
            found, content_now, _ = hashed(folder / name)
        except (OSError, DataError):
            return name
        if content_now != digest:
            return name
        now[name] = found, digest
    if now != made:
        write_hashes(folder / CONTENTS, now)
    return ""


def _files(folder: Path) -> list[str]:
    found = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(path.relative_to(folder).as_posix() for path in found if path.name != CONTENTS)
