"""Pairs on disk: those that memory would hold, built once, and built again where the files were damaged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from flat_task import flat_task
from harness_datasets.translation import cipher
from harness_datasets.translation.parallel import ParallelFolder
from harness_tasks.text._prepared_pairs import SPLITS, Pairs
from harness_tasks.text._sentences import Sentences
from harness_tasks.text._stored_pairs import StoredPairs, in_memory, load_vocabulary, store, symbol_type
from harness_tasks.translation import Translation
from plain_batches import assert_same_batch, plain_batch

from harness.contract.batch import Example
from harness.contract.specs import TokenInput
from harness.contract.task import TaskData
from harness.data import long_lines
from harness.data.cache import cache_dir
from harness.data.lazy_sequence import LazySequence
from harness.targets import TokenSequenceTarget
from harness.training.collate import Collator

SIZES = (40, 6, 7)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Line-aligned files with empty lines, a held-out source in training, and Greek text."""
    folder = tmp_path / "pairs"
    folder.mkdir()
    for split, rows in cipher.make_rows(5, *SIZES).items():
        odd = [("", "x"), ("ὁ λόγος", "das Wort"), ("y", "")] + [rows[0][1:]] * (split == "val")
        for side, code in enumerate(("en", "de")):
            lines = [row[1 + side] for row in rows] + [pair[side] for pair in odd]
            (folder / f"{split}.{code}").write_text("".join(f"{line}\r\n" for line in lines), newline="")
    held_out = (folder / "test.en").read_text().splitlines()[0]
    with (folder / "train.en").open("a") as left, (folder / "train.de").open("a") as right:
        left.write(f"{held_out}\nlast")
        right.write("held out\nletzte")
    return folder


def _task(root: Path) -> Translation:
    return flat_task(Translation, "parallel", root=root, vocab_size=300, max_length=24)


def _read(root: Path) -> TaskData:
    task = _task(root)
    task.prepare_data()
    return task.setup()


def _plain(example: Example) -> tuple[object, ...]:
    assert example.input is not None
    assert example.input.dtype == example.target.dtype == np.int64
    return example.id, example.input.tolist(), example.target.tolist(), example.references, example.source


@pytest.mark.parametrize("max_length", [6, 100])
def test_what_is_stored_is_what_memory_would_hold(root: Path, tmp_path: Path, max_length: int) -> None:
    pairs = Pairs(ParallelFolder(root=root).read(), lowercase=True)
    folder = tmp_path / "stored"
    folder.mkdir()
    store(pairs, 300, folder)
    subwords, notes = load_vocabulary(folder)
    assert (subwords.serialised, notes) == (pairs.fit(300)[0].serialised, pairs.fit(300)[1])
    sentences = Sentences(subwords, True, max_length)
    for split in SPLITS:
        stored, (wanted, long) = StoredPairs(folder, split, sentences), in_memory(pairs, split, sentences)
        assert (len(stored), stored.long) == (len(wanted), long)
        assert (long > 0) == (max_length == 6)
        assert [_plain(e) for e in stored] == [_plain(e) for e in wanted]
        assert stored.input_lengths.tolist() == wanted.input_lengths.tolist()
        assert stored.target_lengths.tolist() == wanted.target_lengths.tolist()
        spec, target = TokenInput(len(subwords), 0), TokenSequenceTarget(len(subwords))
        positions = np.array([len(wanted) - 1, 0, 3, 3])
        batch = Collator(stored, spec, target)(positions)
        assert_same_batch(batch, plain_batch([wanted[i] for i in positions.tolist()], spec, target))


def test_large_files_are_read_line_by_line_and_give_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _read(root)
    monkeypatch.setattr(long_lines, "LARGE", 1)
    raw = ParallelFolder(root=root).read()
    assert isinstance(raw.train, LazySequence)
    assert raw.train[-1] == ParallelFolder(root=root).read().train[len(raw.train) - 1]
    monkeypatch.setenv("HARNESS_DATA", str(root.parent / "again"))
    again = _read(root)
    assert again.notes == whole.notes
    assert whole.notes["training pairs left out, whose source stands in validation or test"] == 3
    for split in SPLITS:
        assert [_plain(e) for e in getattr(again, split)] == [_plain(e) for e in getattr(whole, split)]


def test_two_builders_at_once_build_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    read = ParallelFolder.read
    monkeypatch.setattr(ParallelFolder, "read", lambda self: reads.append(1) or read(self))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(_read, [root, root])
    assert len(reads) == 1
    assert [_plain(e) for e in first.train] == [_plain(e) for e in second.train]


@pytest.mark.parametrize("name", ["train.source.values", "train.target.ends", "test.text.values"])
def test_a_file_that_was_cut_is_made_again(root: Path, name: str) -> None:
    before = [_plain(e) for e in _read(root).train]
    (damaged,) = (cache_dir() / "translation").glob(f"*/{name}")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    assert [_plain(e) for e in _read(root).train] == before
    assert damaged.read_bytes() == whole


def test_symbols_take_the_bytes_that_they_need() -> None:
    assert [symbol_type(size).str for size in (256, 257, 65_536, 65_537)] == ["|u1", "<u2", "<u2", "<u4"]
