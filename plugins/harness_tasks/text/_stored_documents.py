"""Training documents whose symbols are encoded once, into the cache, and read from there through a memory map."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.contract.batch import Example
from harness.contract.raw import RawExample
from harness.data.cache import build_once, cache_dir
from harness.data.symbol_file import StoredDocument, SymbolFile, write_symbols
from harness.runtime import usable_cores
from harness_tasks.text._documents import written
from harness_tasks.text._text_symbols import BOS, UNK, SymbolVocabulary
from harness_tasks.text.long_documents import LongDocuments

_PREPARATION = 1  # raised with any change of what is stored
_PER_CORE, _CORES = 4 << 20, 4  # characters encoded at once, which takes 150 MB a core; and for how many cores


class StoredDocuments:
    """A split (a `harness.contract.batch.Split`) of documents on disk; those without a symbol are left out.

    Args:
        folder: as `stored` made it.
        raw: the documents, for their texts.
    """

    def __init__(self, folder: Path, raw: Sequence[RawExample]) -> None:
        self._file, self._raw = SymbolFile(folder), raw
        self.input_lengths = self.target_lengths = self._file.lengths

    def __len__(self) -> int:
        return len(self._file.documents)

    def __getitem__(self, index: int) -> Example:
        known = self._file.documents[index]
        text = written(self._raw[known.position].target)
        return Example(known.id, None, self._file[index], (text,), units={"characters": known.units["characters"]})

    def end_to_end(self, bos: int) -> np.ndarray | None:
        """As they lie on disk."""
        return self._file.joined if bos == BOS else None

    def total(self, unit: str) -> int:
        """Of all documents: "characters", or the symbols that are "unknown"."""
        return int(sum(one.units[unit] for one in self._file.documents))


def stored(raw: Sequence[RawExample], kind: str, name: str, fit: Callable[[], SymbolVocabulary]) -> Path:
    """The folder with the vocabulary and the symbols of training documents, made once.

    Args:
        raw: the documents.
        kind: all that decides the vocabulary beside them.
        name: of the data set, the first part of the folder's.
        fit: makes the vocabulary.
    """
    digest = hashlib.sha256(f"{_PREPARATION} {kind} {content_digest(raw)}".encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        vocabulary = fit()
        vocabulary.save(folder)
        write_symbols(folder, _encoded(raw, vocabulary), BOS, vocabulary.size)

    return build_once(cache_dir() / "text" / f"{name}-{digest}", build)


def content_digest(raw: Sequence[RawExample]) -> str:
    """Hex digest of the documents' texts, or of what decides them."""
    if isinstance(raw, LongDocuments):
        return raw.digest
    total = hashlib.sha256()
    for one in raw:
        total.update(f"{one.id}\0{one.target}\0".encode(errors="surrogatepass"))
    return total.hexdigest()


def _encoded(raw: Sequence[RawExample], vocabulary: SymbolVocabulary) -> Iterator[tuple[StoredDocument, np.ndarray]]:
    position = 0
    for texts, ids in _together(raw):
        for name, text, symbols in zip(ids, texts, vocabulary.encode_all(texts), strict=True):
            if len(symbols):
                units = {"characters": float(len(text)), "unknown": float((symbols == UNK).sum())}
                yield StoredDocument(name, len(symbols), units, position), symbols
            position += 1


def _together(raw: Sequence[RawExample]) -> Iterator[tuple[list[str], list[str]]]:
    """Texts and ids of documents, in lists of about `_PER_CORE` characters a core."""
    most = _PER_CORE * min(usable_cores(), _CORES)
    texts: list[str] = []
    ids: list[str] = []
    held = 0
    for one in raw:
        texts.append(written(one.target))
        ids.append(one.id)
        held += len(texts[-1])
        if held >= most:
            yield texts, ids
            texts, ids, held = [], [], 0
    if texts:
        yield texts, ids
