"""A lock per machine and user, with which runs that are timed alone keep out jobs of other sweeps.

A run takes it exclusively ("alone"); data preparation and baselines of such sweeps share it ("together"). The operating
system releases it when a process ends, however it ends. Sweeps without `exclusive=true` do not take it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import StoreError


def lock_file() -> Path:
    """The lock's file, in the temporary folder: a home folder may be shared by several machines."""
    return Path(tempfile.gettempdir()) / f"sequence-harness-{os.getuid()}.lock"


@contextmanager
def machine_lock(*, alone: bool, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock for the block, exclusively or shared; waits without a time limit.

    Args:
        alone: whether to hold it exclusively.
        on_wait: called once if it is not free at once.

    Raises:
        StoreError: the temporary folder cannot be written, or the file is not this user's.
    """
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    path = lock_file()
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(
            f"Cannot open '{path}', the lock of runs with exclusive=true: {error.strerror}. Set "
            "TMPDIR to a folder of this machine that you may write to."
        ) from error
    try:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait is not None:
                on_wait()
            fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
