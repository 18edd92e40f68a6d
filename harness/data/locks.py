"""Locks between processes, which the system releases when their holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock for the block if it is free now; whether it was.

    Args:
        path: of the lock's file, in an existing folder.

    Raises:
        OSError: the file cannot be made.
    """
    lock = FileLock(path, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
