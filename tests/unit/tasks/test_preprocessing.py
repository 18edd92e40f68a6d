"""Preprocessing of the built-in tasks: through its files and back, and what it says of sources that it cannot take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_tasks.sound._frame_encoder import Normaliser
from harness_tasks.sound._recordings import Recordings
from harness_tasks.sound._transcripts import Alphabet
from harness_tasks.sound.audio_features import Features, FeatureSettings
from harness_tasks.text._classified_texts import ClassifiedTexts
from harness_tasks.text._documents import Documents, written
from harness_tasks.text._sentences import Sentences
from harness_tasks.text._subwords import Subwords
from harness_tasks.text._text_symbols import CharacterVocabulary, SubwordVocabulary, Symbols, WordVocabulary
from harness_tasks.video._clip_preparation import ClipPreparation
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.text import clean
from harness.errors import DataError, UserError

TEXT = "the cat sat on the mat\nthe dog sat\n" * 20
OTHER = "a cat on \ud83d thé mat\n"  # half a surrogate pair, as broken files hold
WAVE = np.random.default_rng(0).normal(0, 0.1, 4_000).astype(np.float32)
CLIP = np.random.default_rng(1).random((4, 3, 8, 8), dtype=np.float32)
SCALE = Normaliser.fit(lambda: [np.random.default_rng(2).normal(3, 2, (50, 5))])


def _recordings(kind: Features | None) -> Recordings:
    settings = None if kind is None else FeatureSettings(kind, 5, 8_000, 25.0, 10.0)
    return Recordings(SCALE, Alphabet("ab c"), settings)


def _made(name: str, place: Path) -> tuple[Any, Any, Any]:
    """A preprocessing, a source and an answer."""
    return MADE[name](place)


MADE: dict[str, Callable[[Path], tuple[Preprocessing, Any, Any]]] = {
    "sentences": lambda _: (Sentences(Subwords.fit([TEXT], 280), True, 9), "The  Cafe\u0301 on THE mat", "A cat"),
    "characters": lambda _: (Documents(CharacterVocabulary([TEXT])), OTHER, OTHER),
    "subwords": lambda place: (Documents(SubwordVocabulary.fit([TEXT], 270)), "a cat\n", "a cat\n"),
    "words": lambda _: (Documents(WordVocabulary([TEXT], 6)), "the dog sat on\n", "the dog"),
    "frames": lambda _: (_recordings(None), np.random.default_rng(3).normal(size=(7, 5)), "cab z"),
    "log-mel": lambda _: (_recordings(Features.log_mel), (WAVE, 8_000), "cab"),
    "spoken words": lambda _: (
        Recordings(SCALE, Alphabet(["a", "cab"], words=True), None),
        np.random.default_rng(3).normal(size=(7, 5)),
        "cab a dog",
    ),
    "mfcc": lambda _: (_recordings(Features.mfcc), (np.stack([WAVE, WAVE], 1), 16_000), "cab"),
    "classified texts": lambda _: (
        ClassifiedTexts(WordVocabulary([TEXT], 6), Symbols.word, True, 5, ("no", "yes")),
        "The dog sat: on a mat",
        "yes",
    ),
    "clips": lambda _: (ClipPreparation(4, 3, 8, 8, ("run", "jump")), CLIP, "jump"),
    "changes": lambda _: (ClipPreparation(4, 3, 8, 8, ("run", "jump"), motion=True), CLIP, "jump"),
}


@pytest.mark.parametrize("name", MADE)
def test_read_from_its_files_it_does_the_same(name: str, tmp_path: Path) -> None:
    given, source, answer = _made(name, tmp_path)
    (tmp_path / "files").mkdir()
    given.save(tmp_path / "files")
    again = type(given).load(tmp_path / "files")
    first, second = given.encode(source), again.encode(source)
    assert (first.dtype, first.shape) == (second.dtype, second.shape)
    assert np.array_equal(first, second)
    ids = np.atleast_1d(given.encode_target(answer)).tolist()
    assert np.atleast_1d(again.encode_target(answer)).tolist() == ids
    assert again.decode(ids) == given.decode(ids)
    assert given.takes


def test_a_sentence_is_brought_to_the_form_of_training() -> None:
    sentences, *_ = _made("sentences", Path())
    assert np.array_equal(sentences.encode(" The Cafe\u0301\n"), sentences.encode("the caf\u00e9"))


def test_pictures_of_any_size_and_number_become_a_clip() -> None:
    clips, *_ = _made("clips", Path())
    pictures = np.random.default_rng(4).integers(256, size=(9, 20, 12, 3), dtype=np.uint8)
    assert clips.encode(pictures).shape == (4, 3, 8, 8)
    exact = np.random.default_rng(5).integers(256, size=(4, 8, 8, 3), dtype=np.uint8)  # nothing is left to scale
    assert np.array_equal(clips.encode(exact), clips.encode(exact.transpose(0, 3, 1, 2).astype(np.float32) / 255))


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("sentences", 5, r"takes a sentence \(str\), not int"),
        ("characters", b"bytes", r"takes text \(str\), not bytes"),
        ("frames", "a.wav", r"ready-made, so audio cannot be encoded: give frames as an array \(T, 5\)"),
        ("frames", np.zeros(5), r"shape \(5,\) holds no frames \(T, 5\)"),
        ("frames", None, "not NoneType"),
        ("log-mel", "nowhere.wav", "nowhere.wav cannot be read as an audio file"),
        ("log-mel", (np.zeros((2, 2, 2)), 8_000), r"not of shape \(2, 2, 2\)"),
        ("log-mel", (np.zeros((2, 4_000)), 8_000), r"not of shape \(2, 4000\)"),
        ("log-mel", (np.zeros(0), 8_000), "holds no sound"),
        ("log-mel", (np.full(9, np.nan), 8_000), "not finite"),
        ("clips", "nowhere.mp4", "nowhere.mp4 cannot be read as a video: No such file"),
        ("clips", np.zeros((4, 3, 9, 8), np.float32), r"is no clip: give uint8 .* float32 \(T, 3, 8, 8\)"),
        ("clips", np.zeros(3), r"not an array of shape \(3,\)"),
    ],
)
def test_a_source_of_another_kind_is_refused_in_a_sentence(name: str, source: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        _made(name, tmp_path)[0].encode(source)


def test_an_action_that_was_not_learnt_is_refused() -> None:
    with pytest.raises(DataError, match="no action 'swim'; this model knows: run, jump"):
        _made("clips", Path())[0].encode_target("swim")


class Echo(Preprocessing):
    """Encodes sources and no answers."""

    def encode(self, source: Any) -> np.ndarray:
        """As it is."""
        return np.asarray(source)

    def save(self, folder: Path) -> None:
        """Nothing is fitted."""


def test_a_task_that_encodes_no_answers_says_that_it_cannot_be_scored() -> None:
    with pytest.raises(UserError, match=r"cannot be scored for this task: its preprocessing .Echo. has no 'encode_tar"):
        Echo().example(RawExample("a", [1.0], "yes"))


LOOKS_SPECIAL = st.lists(
    st.sampled_from(["<pad>", "<bos>", "<eos>", "<unk>", "<s>", "[PAD]", "\N{LOWER ONE EIGHTH BLOCK}a", "\u2028"])
    | st.text(st.characters(codec="utf-8"), max_size=3),
    max_size=6,
).map(" ".join)


@given(text=LOOKS_SPECIAL)
def test_any_sentence_and_any_transcript_come_back_in_their_form(text: str) -> None:
    sentences = Sentences(Subwords.fit([text] * 4, 300), lowercase=False, max_length=500)
    assert sentences.decode(sentences.encode(text)) == clean(text)
    for words in (False, True):
        alphabet = Alphabet.of([clean(text)], words)
        assert alphabet.decode(alphabet.encode(text)) == clean(text)


@given(text=LOOKS_SPECIAL)
def test_any_document_comes_back_in_its_form(text: str) -> None:
    documents = Documents(CharacterVocabulary([written(text)]))
    assert documents.decode(documents.encode(text)) == written(text)
