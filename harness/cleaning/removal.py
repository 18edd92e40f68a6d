"""One thing that may be removed: files, or a run with its records."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StoreError


@dataclass(frozen=True)
class Removal:
    """Something to remove.

    Attributes:
        what: in words.
        paths: files and folders, removed whole.
        size: of all of them, in bytes.
        lock: to be held meanwhile, as a process that uses the files would; None: there is none.
        run: row number of the run whose records in the store go too; None: files alone.
    """

    what: str
    paths: tuple[Path, ...]
    size: int
    lock: Path | None = None
    run: int | None = None


def removal(what: str, paths: Sequence[Path], lock: Path | None = None, run: int | None = None) -> Removal:
    """A removal of those paths that exist, with their size."""
    there = tuple(path for path in paths if path.exists() or path.is_symlink())
    return Removal(what, there, sum(_size(path) for path in there), lock, run)


def remove_files(removal: Removal) -> None:
    """Remove the files, in their order.

    Raises:
        StoreError: one cannot be removed.
    """
    for path in removal.paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be removed ({error.strerror or error}).") from error


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; links count as nothing, whatever they lead to."""
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.lstat(Path(folder) / name).st_size
    return total
