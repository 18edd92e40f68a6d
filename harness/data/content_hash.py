"""Hashes of what files contain, and when a file is known to be unchanged without reading it.

A remembered hash is used again only for the very same file: equal device, inode, change time (which no tool sets back),
modification time and size. A file changed so recently that its next change could bear the same times (what git calls
racy) is hashed but not remembered. Where a file system has no stable inodes or change times, files are simply read
again. The user's folders and files, downloads (`harness.data.remembered_hashes`) and prepared data
(`harness.data.prepared_folder`) all follow this rule.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import astuple, dataclass, field
from pathlib import Path

from harness.data.foreign import shown
from harness.errors import DataError

RESOLUTION_NS = 3_000_000_000
"""Two changes of a file within this time may bear the same times: FAT counts in steps of two seconds."""

_ATTEMPTS = 3
_DIGITS = 64


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from every other without reading it."""

    device: int
    inode: int
    ctime_ns: int
    mtime_ns: int
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of what `os.stat` or `os.fstat` returned."""
        return cls(status.st_dev, status.st_ino, status.st_ctime_ns, status.st_mtime_ns, status.st_size)

    def settled(self, now_ns: int) -> bool:
        """Whether a change from now on would show in the times.

        A modification time in the far future is somebody's wish and says nothing; a change time there is another
        clock's, so nothing can be concluded from it.
        """
        return self.ctime_ns + RESOLUTION_NS < now_ns and abs(now_ns - self.mtime_ns) > RESOLUTION_NS


@dataclass
class ReadAnew:
    """What `read_anew` came upon.

    Attributes:
        files: how many were read.
        silently_changed: those whose content is another than the remembered one although nothing else shows it.
    """

    files: int = 0
    silently_changed: list[Path] = field(default_factory=list)


_anew: ContextVar[ReadAnew | None] = ContextVar("read_anew", default=None)


@contextmanager
def read_anew() -> Iterator[ReadAnew]:
    """Trust no remembered hash within the block; each is replaced by what the file contains now."""
    found = ReadAnew()
    token = _anew.set(found)
    try:
        yield found
    finally:
        _anew.reset(token)


def reading_anew() -> ReadAnew | None:
    """The record of the `read_anew` around this call, or None outside of one."""
    return _anew.get()


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes, read now.

    Raises:
        DataError: the file cannot be read, or keeps changing while it is read.
    """
    return hashed(path)[1]


def write_quietly(file: Path, text: str) -> None:
    """Replace a file that is only a shortcut, whole or not at all; a failure does not matter."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        temporary.write_text(text)
        os.replace(temporary, file)


Hashes = dict[str, tuple[Stamp, str]]
"""Stamp and hex digest by a file's name."""


def read_hashes(file: Path) -> Hashes | None:
    """What `write_hashes` wrote; None if there is no such file or it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = {name: (Stamp(*map(int, row[:5])), str(row[5])) for name, row in content.items()}
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return None
    return found if all(len(digest) == _DIGITS for _, digest in found.values()) else None


def write_hashes(file: Path, hashes: Hashes) -> None:
    """Keep hashes in a file; a failure does not matter, since files are then read again."""
    write_quietly(file, json.dumps({name: [*astuple(stamp), digest] for name, (stamp, digest) in hashes.items()}))


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file now.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return Stamp.of(path.stat())
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {error.strerror or error}.") from error


def hashed(path: Path) -> tuple[Stamp, str, bool]:
    """Stamp, digest, and whether the stamp will tell this content from a later one.

    Raises:
        DataError: as `sha256_of`.
    """
    anew = reading_anew()
    if anew is not None:
        anew.files += 1
    for _ in range(_ATTEMPTS):
        try:
            with path.open("rb") as stream:
                now = time.time_ns()
                before = Stamp.of(os.fstat(stream.fileno()))
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                length = stream.tell()
                after = Stamp.of(os.fstat(stream.fileno()))
        except OSError as error:
            raise DataError(f"{shown(path)} cannot be read: {error.strerror or error}.") from error
        if before == after == stamp_of(path):
            if length < before.size:
                raise DataError(
                    f"{shown(path)} is {before.size:,} bytes long, but only {length:,} could be read: check the disk "
                    "or the network it lies on."
                )
            return before, digest, before.settled(now)
    raise DataError(f"{shown(path)} changes while it is read: wait until it is written, then run this again.")
