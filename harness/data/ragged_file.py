"""Arrays of different lengths in one file, read through a memory map in memory that does not grow with the file.

    NAME.values  the numbers of all arrays, end to end, of one type that the reader knows
    NAME.ends    int64 (N,): where each array ends

Plain numbers: reading executes nothing.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from harness.data.mapped_file import MappedFile

_POSITION = np.dtype("<i8")


class RaggedFile:
    """One-dimensional arrays by position, from a folder that a `RaggedWriter` filled.

    Args:
        folder: that holds both files.
        name: of the files.
        dtype: of the numbers.

    Attributes:
        lengths: int64 (N,), of every array.

    Raises:
        DataError: the files do not belong together.
    """

    def __init__(self, folder: Path, name: str, dtype: np.dtype) -> None:
        self._made_of = folder, name, dtype
        values, ends = _files(folder, name)
        count = ends.stat().st_size // _POSITION.itemsize
        self._ends = MappedFile(ends, _POSITION, (count,))
        self.lengths: np.ndarray = np.diff(self._ends.whole, prepend=0).astype(np.int64, copy=False)
        self._values = MappedFile(values, dtype, (int(self.lengths.sum()),))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        """A view (T,), read from disk where it is looked at."""
        end = int(self._ends.rows(index, index + 1)[0])
        return self._values.rows(end - int(self.lengths[index]), end)

    def __reduce__(self) -> tuple[type[RaggedFile], tuple[Path, str, np.dtype]]:
        return RaggedFile, self._made_of


class RaggedWriter:
    """Writes arrays one by one; a context manager.

    Args:
        folder: where both files are made.
        name: of the files.
        dtype: of the numbers.
    """

    def __init__(self, folder: Path, name: str, dtype: np.dtype) -> None:
        self._dtype, self._end = dtype, 0
        self._values, self._ends = (path.open("wb") for path in _files(folder, name))

    def add(self, numbers: object) -> None:
        """Add one array (T,): numbers, or their bytes as they are stored."""
        content = numbers if isinstance(numbers, bytes) else np.asarray(numbers, dtype=self._dtype).tobytes()
        self._values.write(content)
        self._end += len(content) // self._dtype.itemsize
        self._ends.write(self._end.to_bytes(_POSITION.itemsize, "little"))

    def __enter__(self) -> RaggedWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._values.close()
        self._ends.close()


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.values", folder / f"{name}.ends"
