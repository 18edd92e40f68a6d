"""Digit strings: feasible for CTC by construction, only from their own recordings, the same every time."""

import itertools

import numpy as np
import pytest
from harness_datasets.speech_recognition import _digit_strings
from harness_datasets.speech_recognition._digit_strings import CHARACTERS, WORDS, Composition, Recording, quiet_frames
from harness_datasets.speech_recognition.tones import tone_recordings
from harness_tasks.sound._transcripts import Alphabet, frames_needed
from hypothesis import given
from hypothesis import strategies as st

ALPHABET = Alphabet(CHARACTERS)


def recordings(lengths):
    """One recording of each length; every frame holds the number of its recording."""
    return [
        Recording(f"{WORDS[n % 10]}-{n}", n % 10, np.full((length, 2), n, dtype=np.float32))
        for n, length in enumerate(lengths)
    ]


def compose(lengths, seed=0, **rule):
    quiet = np.full((3, 2), -1.0, np.float32)
    return _digit_strings.compose("test", recordings(lengths), Composition(**rule), quiet, seed)


def shortest_alignment(labels):
    """Fewest frames of any CTC path that collapses to `labels`, by brute force."""
    for length in itertools.count(len(labels)):
        for path in itertools.product({0, *labels}, repeat=length):
            if [k for k, _ in itertools.groupby(path) if k] == list(labels):
                return length
    return 0


@given(st.lists(st.integers(1, 2), min_size=1, max_size=4))
def test_frames_needed_is_the_shortest_alignment(labels):
    assert frames_needed(np.array(labels)) == shortest_alignment(labels)


@given(st.text(alphabet="abc ", min_size=1))
def test_an_alphabet_writes_what_it_read_up_to_blanks(text):
    alphabet = Alphabet("abc ")
    labels = alphabet.encode(text)
    assert labels.dtype == np.int64
    assert all(1 <= label <= len(alphabet) for label in labels)
    assert alphabet.decode(labels) == " ".join(text.split())


def test_the_digit_words_use_fifteen_letters_and_the_blank():
    assert len(CHARACTERS) == 16
    assert all(_digit_strings.frames_needed(word) == frames_needed(Alphabet(word).encode(word)) for word in WORDS)


@given(
    lengths=st.lists(st.integers(1, 30), min_size=10, max_size=20),
    subsampling=st.integers(1, 4),
    strings=st.one_of(st.none(), st.integers(1, 20)),
    most=st.integers(0, 5),
    seed=st.integers(0, 9),
)
def test_every_string_is_feasible_at_the_declared_subsampling(lengths, subsampling, strings, most, seed):
    data = compose(lengths, seed, strings=strings, pause=(0, most), subsampling=subsampling)
    for i in range(len(data)):
        example = data[i]
        assert -(-len(example.input) // subsampling) >= frames_needed(ALPHABET.encode(example.target))
        assert len(example.input) == data.rows.lengths[i]


def test_a_string_is_its_recordings_whole_and_in_order_with_pauses_between():
    data = compose([9, 7, 8, 10] * 5, strings=30, max_digits=3, pause=(1, 4), subsampling=1)
    names = {r.id: r for r in recordings([9, 7, 8, 10] * 5)}
    for i in range(len(data)):
        example = data[i]
        used = [names[name] for name in example.source.split(" + ")]
        assert example.target == " ".join(WORDS[r.digit] for r in used)
        runs = [(k, len(list(g))) for k, g in itertools.groupby(example.input[:, 0].tolist())]
        assert [run for run in runs if run[0] != -1] == [(r.frames[0, 0], len(r.frames)) for r in used]
        assert all(1 <= length <= 4 for value, length in runs if value == -1)


def test_lengths_are_balanced_and_all_recordings_are_used_before_any_comes_again():
    data = compose([12] * 20, strings=70, max_digits=7)
    words = [len(data[i].target.split()) for i in range(70)]
    assert np.bincount(words).tolist() == [0, *[10] * 7]
    uses = np.unique([name for i in range(70) for name in data[i].source.split(" + ")], return_counts=True)[1]
    assert len(uses) == 20
    assert uses.max() - uses.min() <= 1


def test_isolated_digits_are_each_recording_once_and_lengthened_only_where_needed():
    data = compose([30, 30, 30, 8], strings=None, pause=(0, 0), subsampling=2)
    assert [data[i].target for i in range(4)] == ["zero", "one", "two", "three"]
    assert data.rows.lengths.tolist() == [30, 30, 30, 2 * (5 + 1 + 1)]


def test_the_same_seed_gives_the_same_strings_and_another_seed_others():
    first, again, other = (compose([12] * 20, seed, strings=20) for seed in (0, 0, 1))
    assert all(np.array_equal(first[i].input, again[i].input) for i in range(20))
    assert [first[i].source for i in range(20)] != [other[i].source for i in range(20)]


def test_pauses_are_the_quietest_tenth_of_the_frames():
    frames = np.arange(100, dtype=np.float32)[:, None]
    found = quiet_frames([Recording("a", 0, frames[50:]), Recording("b", 1, frames[:50])], lambda f: f[:, 0])
    assert sorted(found[:, 0]) == list(range(10))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_generated_recordings_cover_all_digits(split):
    found = tone_recordings(4, 8, 0)[split]
    assert {r.digit for r in found} == set(range(10))
    assert all(r.frames.dtype == np.float32 and r.frames.shape[1] == 8 for r in found)
