"""Reading texts from folders: splits, what is refused and how."""

import gzip
import zipfile

import numpy as np
import pytest
from harness_datasets.text_generation._text_corpora import PIECE, corpus, documents, pieces
from harness_datasets.text_generation.counting import Counting
from harness_datasets.text_generation.king_james import near_duplicates
from harness_datasets.text_generation.penn_treebank import PennTreebank
from harness_datasets.text_generation.text_folder import TextFolder
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DataError


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))


def read(root):
    return TextFolder(root=root).read()


@given(st.lists(st.text(min_size=1, max_size=50)), st.integers(1, 200))
def test_pieces_lose_and_repeat_nothing(units, size):
    found = pieces(units, size)
    assert "".join(found) == "".join(units)
    assert all(len(piece) >= size for piece in found[:-1])


@given(st.text(alphabet="ab \n", max_size=3 * PIECE))
def test_evaluation_documents_cover_the_text_once(text):
    assert "".join(d.target for d in documents("test", text)) == text


def test_a_text_without_line_ends_is_cut_too():
    found = documents("test", "x" * (5 * PIECE))
    assert len(found) == 5
    assert len({d.id for d in found}) == 5


def test_one_file_is_cut_90_5_5_in_order(tmp_path):
    lines = [f"line number {n}\n" for n in range(2000)]
    (tmp_path / "input.txt").write_text("".join(lines))
    corpus = read(tmp_path)
    parts = ["".join(d.target for d in split) for split in (corpus.train, corpus.val, corpus.test)]
    assert "".join(parts) == "".join(lines)
    assert [round(len(p) / len("".join(lines)), 2) for p in parts] == [0.9, 0.05, 0.05]
    assert all(part.endswith("\n") for part in parts)
    assert all(corpus.prompts)


def test_three_files_are_taken_as_they_are(tmp_path):
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(f"the {name} text, and more of it\r\n")
    corpus = read(tmp_path)
    assert [split[0].target for split in (corpus.train, corpus.val, corpus.test)] == [
        f"the {name} text, and more of it\n" for name in ("train", "valid", "test")
    ]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"does not exist.*nowhere"):
        read(tmp_path / "nowhere")


def test_no_folder_at_all_says_which_option_to_set():
    with pytest.raises(DataError, match=r"task\.root=FOLDER"):
        read(None)


def test_an_empty_folder_says_what_should_lie_there(tmp_path):
    with pytest.raises(DataError, match=r"empty.*train\.txt"):
        read(tmp_path)


def test_files_of_other_names_are_listed(tmp_path):
    (tmp_path / "one.txt").write_text("text")
    (tmp_path / "two.txt").write_text("text")
    with pytest.raises(DataError, match=r"one\.txt, two\.txt; expected train\.txt"):
        read(tmp_path)


def test_endings_have_any_case_and_files_that_are_not_used_are_named(tmp_path):
    for name in ("Train.TXT", "val.txt", "more.txt", "train.json"):
        (tmp_path / name).write_text("some words\n")
    (tmp_path / "test.txt.gz").write_bytes(gzip.compress(b"packed words\n"))
    assert read(tmp_path).test[0].target == "packed words\n"
    notes = read(tmp_path).notes
    assert notes["files not used"] == 2
    assert notes["files not used, neither train, val nor test"] == "1: more.txt"
    (tmp_path / "valid.txt").write_text("other words\n")
    with pytest.raises(DataError, match=r"val\.txt and valid\.txt are both 'val'"):
        read(tmp_path)


@pytest.mark.parametrize("character", "\x0b\x0c\x1c\x85\u2028")
def test_only_line_ends_end_a_line(tmp_path, character):
    for split in ("train", "valid", "test"):
        (tmp_path / f"ptb.{split}.txt").write_text(f"a{character}b \n c\n", encoding="utf-8")
    assert PennTreebank(root=tmp_path).read().test[0].target == f"a{character}b\nc\n"
    line = f"0123456789{character}0123456789 0123456789\n"
    assert len(corpus([line * 3, line, line], "here").prompts) == 1


def test_an_empty_split_is_refused(tmp_path):
    for name, text in (("train", "words\n"), ("val", " \n"), ("test", "words\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    with pytest.raises(DataError, match="validation text"):
        read(tmp_path)


def test_a_file_in_another_encoding_is_named_with_the_byte(tmp_path):
    (tmp_path / "input.txt").write_bytes("Füße".encode("latin-1"))
    with pytest.raises(DataError, match=r"input\.txt is not UTF-8 text: byte 1 is 0xfc"):
        read(tmp_path)


PTB = {"train": " a <unk> b \n c d \n", "valid": " a b \n", "test": " b a \n"}


@pytest.mark.parametrize("zipped", [False, True])
def test_penn_treebank_in_both_layouts(tmp_path, zipped):
    files = {f"ptb.{split}.txt": text for split, text in PTB.items()}
    if zipped:
        with zipfile.ZipFile(tmp_path / "ptb.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(f"ptb/{name}", text)
    else:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
    corpus = PennTreebank(root=tmp_path).read()
    assert corpus.train[0].target == "a <unk> b\nc d\n"
    assert corpus.test[0].target == "b a\n"


def test_penn_treebank_names_what_is_missing(tmp_path):
    (tmp_path / "ptb.train.txt").write_text("a\n")
    with pytest.raises(DataError, match=r"no ptb\.valid\.txt"):
        PennTreebank(root=tmp_path).read()


def test_a_broken_zip_is_named(tmp_path):
    (tmp_path / "ptb.zip").write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"ptb\.zip cannot be read as a zip"):
        PennTreebank(root=tmp_path).read()


def test_the_counting_language_counts_and_depends_on_its_seed_only():
    first, again, other = (Counting(seed, 1000).read() for seed in (0, 0, 1))
    assert first == again
    assert first.train != other.train
    for word in first.train[0].target.split():
        assert word == "a" * (len(word) // 2) + "b" * (len(word) // 2)


def test_near_duplicates_are_found_and_other_texts_are_not():
    others = ["And the sons of Judah after their families were these:", "The words of the Preacher, the son of David"]
    texts = [
        "and the sons of judah, after their families, were these",  # equal up to case and punctuation
        "And the sons of Judah after their families were these men:",  # close
        "Blessed is the man that walketh not in the counsel of the ungodly",
    ]
    assert near_duplicates(texts, others).tolist() == [True, True, False]
    assert near_duplicates(texts, others).dtype == np.bool_
