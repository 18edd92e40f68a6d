"""The text generation task: specifications, units, prompts, and the small version of it."""

import numpy as np
import pytest
from flat_task import flat_task
from harness_datasets.text_generation.counting import Counting
from harness_datasets.text_generation.penn_treebank import PennTreebank
from harness_datasets.text_generation.text_folder import TextFolder
from harness_tasks.text._text_symbols import Symbols
from harness_tasks.text_generation import TextGeneration

from harness.contract.raw import RawData, RawExample
from harness.contract.specs import TokenInput
from harness.errors import DataError
from harness.targets import NextTokenTarget


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "texts"
    root.mkdir()
    for split, times in (("train", 60), ("val", 5), ("test", 5)):
        (root / f"{split}.txt").write_text(f"a line of the {split} text, and then some\n" * times)
    return root


@pytest.mark.parametrize("symbols", list(Symbols))
def test_characters_count_raw_text_whatever_the_symbols(folder, symbols):
    task = TextGeneration(dataset=TextFolder(root=folder), symbols=symbols)
    task.prepare_data()
    data = task.setup()
    raw = len((folder / "test.txt").read_text())
    assert sum(data.test[i].units["characters"] for i in range(len(data.test))) == raw
    assert data.notes["test characters"] == raw
    assert isinstance(data.input_spec, TokenInput)
    assert isinstance(data.target_spec, NextTokenTarget)
    assert data.input_spec.vocab_size == data.target_spec.vocab_size
    assert task.dataset_name == f"text.{symbols.value}"
    for i in range(len(data.train)):
        example = data.train[i]
        assert example.input is None
        assert example.target.dtype == np.int64
        assert example.target.max() < data.input_spec.vocab_size
        assert example.target.min() >= 2


@pytest.mark.parametrize("symbols", [Symbols.character, Symbols.subword])
def test_the_decoded_test_documents_are_the_test_text(folder, symbols):
    data = TextGeneration(dataset=TextFolder(root=folder), symbols=symbols).setup()
    text = "".join(data.decode(data.test[i].target) for i in range(len(data.test)))
    # The training text holds no "x", so a character vocabulary cannot write it.
    expected = (folder / "test.txt").read_text()
    train = set((folder / "train.txt").read_text())
    assert text == "".join(c if symbols is Symbols.subword or c in train else "�" for c in expected)


def test_prompts_are_symbols_of_the_vocabulary(folder):
    data = TextGeneration(dataset=TextFolder(root=folder)).setup()
    assert data.prompts
    for prompt in data.prompts:
        assert prompt
        assert all(0 < symbol < data.input_spec.vocab_size for symbol in prompt)
    assert data.decode(data.prompts[0]).startswith("a line of")


def test_penn_treebank_is_read_by_words_unless_told_otherwise(tmp_path):
    for split in ("train", "valid", "test"):
        (tmp_path / f"ptb.{split}.txt").write_text(" the <unk> company said \n" * 3)
    words = TextGeneration(dataset=PennTreebank(root=tmp_path))
    assert words.dataset_name == "penn_treebank.word"
    assert words.setup().test[0].target.tolist() == words.setup().train[0].target.tolist()
    assert len(words.setup().test[0].target) == 15  # four words and a line end, three times
    characters = TextGeneration(dataset=PennTreebank(root=tmp_path), symbols=Symbols.character)
    assert characters.dataset_name == "penn_treebank.character"


class Given(Counting):
    """A data set of somebody else: whatever a test gives."""

    name = "given"

    def __init__(self, train, val, test):
        self.splits = [[RawExample(f"{n}", None, text) for n, text in enumerate(part)] for part in (train, val, test)]

    def read(self):
        return RawData(*self.splits)


@pytest.mark.parametrize("symbols", Symbols)
def test_text_of_any_data_set_is_brought_into_one_form(symbols):
    composed, decomposed = "caf\u00e9\nna\u00efve\n", "\ufeffcafe\u0301\r\nnai\u0308ve\r\n"
    data = TextGeneration(dataset=Given([composed], [decomposed], [decomposed]), symbols=symbols).setup()
    assert data.train[0].target.tolist() == data.test[0].target.tolist()
    assert data.test[0].references == (composed,)
    assert data.test[0].units["characters"] == len(composed)
    assert data.preprocessing.encode(decomposed).tolist() == data.train[0].target.tolist()


def test_empty_documents_are_counted_and_empty_splits_refused():
    data = TextGeneration(dataset=Given(["ab", ""], ["", "ab"], ["ab"])).setup()
    assert [len(part) for part in (data.train, data.val, data.test)] == [1, 1, 1]
    assert data.notes["training documents left out, which are empty"] == 1
    assert data.notes["validation documents left out, which are empty"] == 1
    with pytest.raises(DataError, match=r"The test text of data set 'given.character' is empty"):
        TextGeneration(dataset=Given(["ab"], ["ab"], ["", "\ufeff"])).setup()


def test_references_stand_at_data_sets_that_exist():
    known = {TextGeneration(dataset=PennTreebank(), symbols=symbols).dataset_name for symbols in Symbols}
    names = {metric.name for metric in TextGeneration.metrics}
    for reference in PennTreebank.references:
        assert reference.dataset in known
        assert reference.metric in names


def test_the_fingerprint_follows_the_text(folder):
    task = TextGeneration(dataset=TextFolder(root=folder))
    before = task.data_fingerprint()
    assert task.data_fingerprint() == before
    (folder / "val.txt").write_text("another text\n" * 7)
    assert task.data_fingerprint() != before


def test_the_default_needs_no_folder_and_its_fingerprint_no_download():
    assert TextGeneration().dataset_name == "king_james.character"
    assert len(TextGeneration().data_fingerprint()) == 64
    assert not TextGeneration().synthetic


def test_the_tiny_task_is_generated_small_and_says_so():
    task = TextGeneration().tiny()
    task.prepare_data()
    data = task.setup()
    assert task.synthetic
    assert data.train.target_lengths.sum() < 3000
    assert data.decode(data.train[0].target)[:200].strip(" ab\n") == ""


def test_splits_are_equal_twice():
    first, second = (TextGeneration().tiny().setup() for _ in range(2))
    for split in ("train", "val", "test"):
        a, b = getattr(first, split), getattr(second, split)
        assert [a[i].target.tolist() for i in range(len(a))] == [b[i].target.tolist() for i in range(len(b))]


@pytest.mark.parametrize("wrong", [{"vocab_size": 2}, {"generated_characters": 3, "dataset": "counting"}])
def test_values_that_make_no_sense_are_refused_at_once(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        flat_task(TextGeneration, **wrong)
