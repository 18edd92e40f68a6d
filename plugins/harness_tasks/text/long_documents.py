"""A text too long for memory as raw documents, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.contract.raw import RawExample
from harness.data.text_pieces import TextPieces


class LongDocuments(Sequence[RawExample]):
    """A raw split of consecutive pieces of a file, each a document; a list of raw examples does for a short text.

    Args:
        split: its name, the first part of every id.
        pieces: of the file.
    """

    def __init__(self, split: str, pieces: TextPieces) -> None:
        self._split, self._pieces = split, pieces

    @property
    def digest(self) -> str:
        """Hex digest of what decides the documents."""
        return self._pieces.digest

    def __len__(self) -> int:
        return len(self._pieces)

    def __getitem__(self, index):  # RawExample; a slice gives a list of them
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        return RawExample(f"{self._split}/{number:06}", None, self._pieces[number])

    def __iter__(self) -> Iterator[RawExample]:
        return (self[i] for i in range(len(self)))
