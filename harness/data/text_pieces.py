"""A text file that need not fit into memory, as consecutive pieces that are read when they are asked for."""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from harness.data.foreign import reading, shown
from harness.data.text_files import decode
from harness.errors import DataError

LARGE = 64 << 20
"""Bytes from which on a text file is worth reading in pieces."""
PIECE = 4 << 20
"""Bytes of a piece, about."""

_NEAR = 1 << 16
# Where neither words nor runs of blanks nor characters of several code points are torn: the first that is found.
_BORDERS = (
    re.compile(rb"(?<=[!-~]\n)(?=[!-~])"),
    re.compile(rb"(?<=[!-~])(?= [!-~])"),
    re.compile(rb"(?=[\x00-\x7f])"),
)


class TextPieces(Sequence[str]):
    """Consecutive pieces of a UTF-8 text file; together they are the file's text as `read_text` gives it.

    Borders are line ends where there are some, else blanks: words stay whole, and what tokenisers make of them.

    Args:
        path: of the file, UTF-8 and not packed.
        content: digest of what it holds, such as its source's fingerprint, which is remembered.
        size: bytes of a piece, about.
        part: (first, last) byte of the part that is meant; None: all of the file.

    Raises:
        DataError: the file cannot be read, or is packed or of another encoding.
    """

    def __init__(self, path: Path, content: str, size: int = PIECE, part: tuple[int, int] | None = None) -> None:
        self._path, self._content, self._size, self._part = path, content, size, part
        with reading(path, "a text file"), path.open("rb") as file:
            start = file.read(4)
        if start[:2] in (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff") or start == b"\0\0\xfe\xff":
            raise DataError(
                f"{shown(path)} is packed or not UTF-8; a text this large is read in pieces. Unpack it, or convert it: "
                "iconv -f UTF-16 -t UTF-8."
            )

    @property
    def digest(self) -> str:
        """Hex digest of what decides the pieces."""
        return hashlib.sha256(f"{self._content} {self._path.name} {self._size} {self._part}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._borders) - 1

    def __getitem__(self, index):  # str; a slice gives a list of them
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        first, last = self._borders[range(len(self))[index]], self._borders[range(1, len(self) + 1)[index]]
        return decode(self._map[first:last], shown(self._path))

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def border(self, position: int) -> int:
        """The byte near a position, from it on, where the text may be divided."""
        near = self._map[max(position - 2, 0) : position + _NEAR]
        for pattern in _BORDERS:
            if found := pattern.search(near, min(position, 2)):
                return max(position - 2, 0) + found.start()
        return len(self._map)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._map)

    @cached_property
    def _map(self) -> mmap.mmap:
        with self._path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @cached_property
    def _borders(self) -> list[int]:
        first, last = self._part or (0, len(self._map))
        borders = [first]
        while last - borders[-1] > self._size + self._size // 2:
            borders.append(min(self.border(borders[-1] + self._size), last))
        return [*borders, last] if borders[-1] < last else borders
