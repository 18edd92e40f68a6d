"""Symbols of documents in one file on disk, read through a memory map: a corpus need not fit into memory.

    symbols       every document's symbols end to end, one fixed symbol before each, in the smallest unsigned type
    symbols.json  the type, and for each document its id, its length and what was counted

Plain numbers and JSON: reading executes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from harness.data.mapped_file import MappedFile

_SYMBOLS, _INDEX = "symbols", "symbols.json"


@dataclass(frozen=True)
class StoredDocument:
    """What is known of a document without reading it.

    Attributes:
        id: of its example.
        symbols: how many.
        units: as `Example.units`.
        position: of the raw document that it was made of.
    """

    id: str
    symbols: int
    units: dict[str, float]
    position: int


class SymbolFile:
    """The symbols of documents, int (T_i,) each, mapped from a folder that `write_symbols` filled.

    Args:
        folder: that holds both files.

    Attributes:
        documents: in their order.

    Raises:
        DataError: the files do not belong together.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        self.documents = [StoredDocument(*row) for row in index["documents"]]
        lengths = np.array([one.symbols for one in self.documents], dtype=np.int64)
        self._starts = np.cumsum(lengths + 1) - lengths  # the symbol before each document is not its own
        self._file = MappedFile(folder / _SYMBOLS, np.dtype(index["type"]), (int((lengths + 1).sum()),))
        self.lengths = lengths

    @property
    def joined(self) -> np.ndarray:
        """All symbols (N,), with the one before each document; read from disk where they are looked at."""
        return self._file.whole

    def __getitem__(self, index: int) -> np.ndarray:
        """A document's symbols, int64 (T_i,)."""
        start = int(self._starts[index])
        return self._file.rows(start, start + int(self.lengths[index])).astype(np.int64)

    def __reduce__(self) -> tuple[type[SymbolFile], tuple[Path]]:
        return SymbolFile, (self._folder,)


def write_symbols(
    folder: Path, documents: Iterable[tuple[StoredDocument, np.ndarray]], before: int, vocab_size: int
) -> None:
    """Write documents one by one; only one of them is in memory.

    Args:
        folder: that is filled.
        documents: each with its symbols (T,).
        before: the symbol that stands before each.
        vocab_size: above every symbol; decides how many bytes one takes.
    """
    kind = np.min_scalar_type(max(vocab_size - 1, 1))
    rows = []
    with (folder / _SYMBOLS).open("wb") as file:
        for document, symbols in documents:
            file.write(np.array([before], dtype=kind).tobytes())
            file.write(symbols.astype(kind).tobytes())
            rows.append(astuple(document))
    (folder / _INDEX).write_text(json.dumps({"type": kind.str, "documents": rows}), encoding="utf-8")
