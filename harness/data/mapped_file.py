"""Plain numbers in a file, read through a memory map in memory that does not grow with the file."""

from __future__ import annotations

import mmap
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.data.foreign import shown
from harness.errors import DataError

KEPT = 32 << 20
"""Bytes of a file that a process keeps mapped once it has looked at them."""


class MappedFile:
    """A read-only array (N, ...) that is the whole content of a file.

    Args:
        path: of the file.
        dtype: of a number.
        shape: of the array.

    Raises:
        DataError: the file has another size.
    """

    def __init__(self, path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self._path, self._dtype, self._shape = path, dtype, shape
        self._row = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))  # bytes
        self._looked_at = 0
        if self._row * shape[0] != path.stat().st_size:
            where = shown(path.parent)
            raise DataError(f"The prepared data in {where} is damaged: remove the folder; it is made again.")

    @property
    def whole(self) -> np.ndarray:
        """The array, read from disk where it is looked at."""
        return self._array

    def rows(self, start: int, stop: int) -> np.ndarray:
        """A view (stop - start, ...). What earlier views showed is given back to the system from time to time.

        Earlier views stay valid: their content is mapped again, from the system's cache or from disk.
        """
        self._looked_at += (stop - start) * self._row
        if self._looked_at > KEPT and self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
            self._looked_at = 0
        return self._array[start:stop]

    @cached_property
    def _map(self) -> mmap.mmap | None:
        """None for an empty file, which cannot be mapped."""
        if not self._shape[0]:
            return None
        with self._path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @cached_property
    def _array(self) -> np.ndarray:
        if self._map is None:
            return np.zeros(self._shape, dtype=self._dtype)
        return np.frombuffer(self._map, dtype=self._dtype).reshape(self._shape)
