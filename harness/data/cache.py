"""The cache folder: where it is, and how data is added to it exactly once.

Everything is written under a temporary name next to its final place and then moved there, under a file lock. So a
reader sees all or nothing, even with two processes at once or after a process was killed.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.data.foreign import shown
from harness.data.prepared_folder import damage, seal
from harness.data.progress import waiting
from harness.errors import DataError
from harness.places import home, variable_path


def cache_dir() -> Path:
    """`HARNESS_DATA`, or the platform's user cache folder. Does not create it.

    Raises:
        ConfigError: there is no home folder, and HARNESS_DATA does not say where else.
    """
    given = variable_path("HARNESS_DATA")
    if given is not None:
        return given.absolute()
    if not os.environ.get("XDG_CACHE_HOME", "").strip():
        home("Prepared data is kept in the home folder unless HARNESS_DATA names another one", "Set one of the two.")
    import platformdirs

    return Path(platformdirs.user_cache_dir("sequence-harness", appauthor=False))


def offline() -> bool:
    """Whether `HARNESS_OFFLINE` forbids the network (any value but empty, 0, false, no, off)."""
    return os.environ.get("HARNESS_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def make_folder(folder: Path) -> Path:
    """The folder, created with its parents.

    Raises:
        DataError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"The data cache cannot be written: {folder} ({error.strerror or error}). "
            "Set HARNESS_DATA to a folder that this user may write."
        ) from error
    return folder


def lock_of(path: Path) -> Path:
    """The file of the lock that `exclusive` holds."""
    return path.parent / f".{path.name}.lock"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock for `path` across processes; it is released when the process ends, however it dies.

    Raises:
        DataError: the lock file cannot be created.
    """
    from filelock import FileLock

    make_folder(path.parent)
    lock = FileLock(lock_of(path))
    try:
        with waiting(f"Waiting for another process to prepare {path.name}"):
            lock.acquire()
    except OSError as error:
        raise DataError(
            f"The data cache cannot be written: {path.parent} ({error.strerror or error}). "
            "Set HARNESS_DATA to a folder that this user may write."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def partial(path: Path) -> Iterator[Path]:
    """A new temporary folder next to `path`, removed at the end; leftovers of killed processes are removed first.

    Call it only while holding `exclusive(path)`.
    """
    for stale in path.parent.glob(f".{path.name}.partial-*"):
        shutil.rmtree(stale, ignore_errors=True)
    folder = make_folder(path.parent / f".{path.name}.partial-{uuid.uuid4().hex[:12]}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build_once(folder: Path, build: Callable[[Path], object], *, unchanged: Callable[[], bool] | None = None) -> Path:
    """Fill `folder` by calling `build(temporary folder)` unless it exists already; return `folder`.

    An existing folder is complete, because it is renamed into place after `build` has returned. Everything that decides
    the content belongs in the folder's name (a digest of options and source). It is built again only if a file in it is
    no longer as it was made.

    Args:
        folder: in the cache.
        build: fills the folder given to it.
        unchanged: whether the user's files that were read are still those that `folder` is named after.

    Raises:
        DataError: the cache cannot be written, its disk is full, or the user's files changed meanwhile. Other
            exceptions from `build` are passed on. Nothing is left behind.
    """
    if folder.is_dir() and not damage(folder):
        return folder
    with exclusive(folder):
        damaged = damage(folder) if folder.is_dir() else ""
        if folder.is_dir() and not damaged:  # another process built it while this one waited
            return folder
        if damaged:
            _remove(folder, damaged)
        with _room(folder), partial(folder) as temporary:
            content = temporary / "content"
            content.mkdir()
            build(content)
            if unchanged is not None and not unchanged():
                raise DataError(
                    "The data changed while it was prepared, so nothing of it was kept: wait until it is written, "
                    "then run this again."
                )
            seal(content)
            os.replace(content, folder)
    return folder


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Say in a sentence that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(
            f"There is no room to prepare {shown(folder)} ({error.strerror}); nothing of it was kept. Free some, or "
            "set HARNESS_DATA to a folder on a larger disk."
        ) from error


def _remove(folder: Path, damaged: str) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise DataError(
            f"The prepared data in {shown(folder)} is damaged ({shown(damaged)}) and cannot be made again "
            f"({error.strerror or error}): remove the folder, or set HARNESS_DATA to a folder that this user may write."
        ) from error
