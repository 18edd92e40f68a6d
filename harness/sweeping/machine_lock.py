"""One lock for this machine and user, by which runs that are timed alone keep other sweeps' jobs away.

A run takes it for itself ("alone"); preparations and baselines of such sweeps take it "together" with others like
them. The system frees it when a process ends, however it ends. Sweeps without `exclusive=true` do not ask for it.
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
    """In the temporary folder, which is of this machine, unlike a home folder that several share."""
    return Path(tempfile.gettempdir()) / f"sequence-harness-{os.getuid()}.lock"


@contextmanager
def machine_lock(*, alone: bool, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock for the block, alone or together with others; waits as long as it takes.

    Args:
        alone: whether nobody else may hold it at the same time.
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
            f"Cannot open '{path}', by which runs with exclusive=true wait for one another: {error.strerror}. Set "
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
