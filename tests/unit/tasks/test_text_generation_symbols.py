"""Vocabularies: round trips, unknown symbols, special ids."""

import pytest
from harness_tasks.text._text_symbols import (
    BOS,
    PAD,
    SPECIAL,
    UNK,
    CharacterVocabulary,
    SubwordVocabulary,
    WordVocabulary,
)
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError

TEXT = "the cat sat on the mat\nthe dog sat\n" * 20


@given(st.text(min_size=1))
def test_characters_of_the_training_text_round_trip(text):
    vocabulary = CharacterVocabulary([text])
    ids = vocabulary.encode(text)
    assert len(ids) == len(text)
    assert vocabulary.decode(ids) == text
    assert ids.min() > UNK
    assert ids.max() < vocabulary.size


@given(st.text(), st.text())
def test_every_character_gets_one_symbol_and_unseen_ones_are_unknown(training, other):
    ids = CharacterVocabulary([training]).encode(other)
    assert [int(i) == UNK for i in ids] == [character not in training for character in other]


def test_unknown_characters_are_shown_and_pad_and_bos_are_not():
    vocabulary = CharacterVocabulary(["ab"])
    assert vocabulary.decode([BOS, 3, UNK, 4, PAD]) == "a�b"


@pytest.fixture(scope="module")
def subwords():
    return SubwordVocabulary.fit([TEXT], 300)


@given(text=st.text())
def test_subwords_write_any_text_at_all(subwords, text):
    ids = subwords.encode(text)
    assert subwords.decode(ids) == text
    assert not {PAD, BOS, UNK} & set(ids.tolist())


def test_subwords_are_within_the_size():
    first = SubwordVocabulary.fit([TEXT], 270)
    assert first.size <= 270
    assert len(first.encode(TEXT)) < len(TEXT)


def test_too_few_subwords_are_refused():
    with pytest.raises(ConfigError, match=r"vocab_size is 100.*at least 259"):
        SubwordVocabulary.fit([TEXT], 100)


def test_words_and_line_ends():
    vocabulary = WordVocabulary([TEXT])
    ids = vocabulary.encode("the mat\nthe zebra\n")
    assert len(ids) == 6
    assert ids[4] == UNK
    assert vocabulary.decode(ids).split() == ["the", "mat", "the", "<unk>"]
    assert vocabulary.decode(ids).count("\n") == 2


def test_a_word_spelt_unk_is_the_unknown_word():
    assert WordVocabulary(["a <unk> b\n"]).encode("<unk>").tolist() == [UNK]


def test_the_most_frequent_words_are_kept():
    vocabulary = WordVocabulary(["a a a b b c\n"], vocab_size=5)
    assert vocabulary.size == 5
    assert [int(i) == UNK for i in vocabulary.encode("a b c")] == [False, False, True]


looks_special = st.lists(
    st.sampled_from(["<pad>", "<bos>", "<eos>", "<unk>", *SPECIAL, "a", "\n", "\x1c"]), min_size=1, max_size=8
).map(" ".join)


@given(text=looks_special)
def test_what_looks_like_a_special_symbol_is_text_to_characters_and_subwords(text, tmp_path_factory):
    fitted = SubwordVocabulary.fit([text] * 9, 400)
    for vocabulary in (CharacterVocabulary([text]), fitted, SubwordVocabulary.load(_saved(fitted, tmp_path_factory))):
        ids = vocabulary.encode(text)
        assert ids.min() > UNK
        assert vocabulary.decode(ids) == text


@given(text=looks_special)
def test_words_that_look_like_special_symbols_are_words_but_for_unk(text):
    vocabulary = WordVocabulary([text])
    ids = vocabulary.encode(text)
    lines = [line.split() for line in text.split("\n")]
    assert [line.split() for line in vocabulary.decode(ids).split("\n")] == lines
    assert [word for word in text.split(" ") if word.strip(" \x1c")] == [vocabulary.decode([i]) for i in ids]
    assert not {PAD, BOS} & set(ids.tolist())
    assert (ids == UNK).sum() == sum(line.count("<unk>") for line in lines)


def _saved(vocabulary, factory):
    folder = factory.mktemp("saved")
    vocabulary.save(folder)
    return folder
