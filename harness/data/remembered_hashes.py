"""Hashes that are remembered in the cache folder until a file may have changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from harness.data.cache import cache_dir
from harness.data.content_hash import Hashes, hashed, read_hashes, reading_anew, stamp_of, write_hashes
from harness.errors import ConfigError


class RememberedHashes:
    """Hashes of the files of one folder, kept in the cache folder under `hashes`.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:32]
        try:
            self._file: Path | None = cache_dir() / "hashes" / f"{name}.json"
        except ConfigError:  # no home folder, and reading files needs none
            self._file = None
        self._known: Hashes = {} if self._file is None else read_hashes(self._file) or {}
        self._now = dict(self._known)

    def digest(self, path: Path, name: str) -> tuple[int, str]:
        """Size and hex digest of a file.

        Args:
            path: the file.
            name: its name in this memory, in general relative to the folder.

        Raises:
            DataError: as `harness.data.content_hash.sha256_of`.
        """
        known, anew = self._known.get(name), reading_anew()
        if known is not None and anew is None and known[0] == stamp_of(path):
            return known[0].size, known[1]
        stamp, digest, settled = hashed(path)
        if known is not None and known[0] == stamp and known[1] != digest and anew is not None:
            anew.silently_changed.append(path)
        if settled:
            self._now[name] = stamp, digest
        else:
            self._now.pop(name, None)
        return stamp.size, digest

    def save(self) -> None:
        """Keep what was learnt; without a writable cache the files are read again next time."""
        if self._file is not None and self._now != self._known:
            write_hashes(self._file, self._now)


def digest_of(path: Path) -> str:
    """Hex digest of a file's bytes; a file that cannot have changed since it was last hashed is not read again.

    Raises:
        DataError: as `harness.data.content_hash.sha256_of`.
    """
    hashes = RememberedHashes(path.parent)
    digest = hashes.digest(path, path.name)[1]
    hashes.save()
    return digest
