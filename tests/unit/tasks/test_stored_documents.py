"""Training symbols on disk: what memory would hold, whatever the size of the text and of the vocabulary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flat_task import flat_task
from harness_datasets.text_generation import text_folder
from harness_tasks.text._stored_documents import StoredDocuments
from harness_tasks.text._text_symbols import BOS
from harness_tasks.text_generation import TextGeneration

from harness.contract.batch import Subset, end_to_end
from harness.contract.task import TaskData
from harness.data import text_pieces
from harness.data.symbol_file import StoredDocument, SymbolFile, write_symbols
from harness.errors import DataError

TEXT = "".join(f"{n} green bottles hang, naïve, on the wall; the {n}th falls.\n" for n in range(400))


def _read(root: Path, symbols: str) -> TaskData:
    task = flat_task(
        TextGeneration, dataset="text", root=root, symbols=symbols, vocab_size=None if symbols != "subword" else 300
    )
    task.prepare_data()
    return task.setup()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "all.txt").write_text(TEXT)
    return folder


@pytest.mark.parametrize("symbols", ["character", "word", "subword"])
def test_a_text_in_pieces_is_the_text_in_memory(root: Path, monkeypatch: pytest.MonkeyPatch, symbols: str) -> None:
    whole = _read(root, symbols)
    monkeypatch.setattr(text_folder, "LARGE", 1)
    monkeypatch.setattr(text_pieces.TextPieces.__init__, "__defaults__", (3_000, None))
    pieces = _read(root, symbols)
    assert len(whole.train) == 1
    assert len(pieces.train) > 3
    assert isinstance(pieces.train, StoredDocuments)
    joined = np.concatenate([pieces.train[i].target for i in range(len(pieces.train))])
    assert np.array_equal(joined, whole.train[0].target)
    assert "".join(pieces.train[i].references[0] for i in range(len(pieces.train))) == whole.train[0].references[0]
    assert [pieces.test[i].references for i in range(len(pieces.test))] == [
        whole.test[i].references for i in range(len(whole.test))
    ]
    assert pieces.notes["training symbols"] == whole.notes["training symbols"]


def test_the_file_has_a_begin_before_each_document(root: Path) -> None:
    data = _read(root, "character")
    joined = end_to_end(data.train, BOS)
    assert joined is not None
    assert joined.dtype == np.uint8
    assert np.array_equal(joined, np.concatenate([[BOS], data.train[0].target]))
    assert end_to_end(data.train, BOS + 1) is None
    assert end_to_end(Subset(data.train, [0]), BOS) is None  # other documents than its own


@pytest.mark.parametrize(("vocab_size", "size"), [(2, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 4)])
def test_symbols_take_the_bytes_that_they_need(tmp_path: Path, vocab_size: int, size: int) -> None:
    symbols = np.array([0, vocab_size - 1], dtype=np.int64)
    documents = [(StoredDocument("a", 2, {}, 0), symbols), (StoredDocument("b", 0, {}, 1), symbols[:0])]
    write_symbols(tmp_path, documents, 1, vocab_size)
    assert (tmp_path / "symbols").stat().st_size == 4 * size
    found = SymbolFile(tmp_path)
    assert [found[i].tolist() for i in range(2)] == [symbols.tolist(), []]
    assert found.joined.tolist() == [1, *symbols.tolist(), 1]


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    write_symbols(tmp_path, [(StoredDocument("a", 3, {}, 0), np.array([1, 2, 3]))], 1, 300)
    (tmp_path / "symbols").write_bytes(b"\0\0")
    with pytest.raises(DataError, match="damaged: remove the folder"):
        SymbolFile(tmp_path)
