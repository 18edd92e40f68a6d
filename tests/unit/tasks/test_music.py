"""The music task: pieces as piano rolls, MIDI files, baselines, transposition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from harness_datasets.music.toy_chords import ToyChords
from harness_tasks.music import Music
from harness_tasks.polyphony._key_chances import KEY_FREQUENCIES, KEY_TRANSITIONS
from harness_tasks.polyphony._midi import DIVISION, midi
from harness_tasks.polyphony._piano_roll import PianoRoll, keys_of, roll, steps_of, written

from harness.contract.metric import aggregate
from harness.errors import DataError


def events(content: bytes) -> list[tuple[int, int, int]]:
    """(time in ticks, status, key) of every note event: an independent reading of a file of one track."""
    assert content[:4] == b"MThd"
    assert int.from_bytes(content[12:14], "big") == DIVISION
    track, at, now, found = content[22:], 0, 0, []
    assert len(track) == int.from_bytes(content[18:22], "big")
    while at < len(track):
        delta = 0
        while True:
            byte, at = track[at], at + 1
            delta = delta << 7 | byte & 0x7F
            if byte < 0x80:
                break
        now += delta
        if track[at] == 0xFF:
            at += 3 + track[at + 2]
            continue
        found.append((now, track[at] & 0xF0, track[at + 1]))
        at += 3
    return found


def test_a_midi_file_holds_keys_as_long_as_they_sound() -> None:
    assert events(midi([[60, 64], [60], [], [67]], steps_per_quarter=2)) == [
        (0, 0x90, 60),
        (0, 0x90, 64),
        (240, 0x80, 64),
        (480, 0x80, 60),
        (720, 0x90, 67),
        (960, 0x80, 67),
    ]


def test_a_piece_may_be_written_as_names_or_numbers() -> None:
    steps = [[57, 60, 64], [], [58]]
    assert steps_of("C4+E4+A3 - Bb3") == steps
    assert steps_of("60+64+57 - A#3") == steps
    assert written(steps) == "A3+C4+E4 - A#3"
    assert keys_of(roll(steps)) == steps
    assert steps_of(written(steps)) == steps


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ([], "takes a piece"),
        (7, "takes a piece"),
        ([[60], 61], "Step 2 of the piece is 61"),
        ([[60], [20]], r"Step 2 of the piece has the key 20; a piano's are the whole numbers from 21 to 108"),
        ([[60.5]], "Step 1 of the piece has the key 60.5"),
        ([[True]], "has the key True"),
        ("C4 H4", "Step 2 of the piece has 'H4', which is no key"),
    ],
)
def test_what_is_no_piece_is_refused_with_its_step(source, expected) -> None:
    with pytest.raises(DataError, match=expected):
        PianoRoll().encode(source)


def test_each_step_is_told_from_those_before() -> None:
    data = Music(dataset=ToyChords()).setup()
    example = data.train[0]
    np.testing.assert_array_equal(example.input[1:], example.target[:-1])
    assert example.input.shape == (len(example.source.split()), 88)
    assert data.target_spec.text(example.target) == example.references[0]


def test_baselines_are_scored_by_the_likelihood_of_what_they_say() -> None:
    task = Music(dataset=ToyChords())
    data = task.setup()
    examples = [data.test[i] for i in range(len(data.test))]
    scores = {}
    for baseline in (KEY_FREQUENCIES, KEY_TRANSITIONS):
        scores[baseline.name] = aggregate(task.metrics, task.evaluate(baseline.predict(data, 0), examples))
    sounding = np.concatenate([np.asarray(data.train[i].target) for i in range(len(data.train))])
    chances = (sounding.sum(0) + 0.5) / (len(sounding) + 1)
    wanted = np.concatenate([np.asarray(e.target) for e in examples])
    nats = -(wanted * np.log(chances) + (1 - wanted) * np.log(1 - chances)).sum() / len(wanted)
    assert scores["key_frequencies"]["nll"] == pytest.approx(nats)
    assert scores["key_transitions"]["nll"] < 88 * math.log(2)


def test_transposition_moves_all_keys_alike_and_repeats() -> None:
    data = Music(dataset=ToyChords(), transpose=6).setup()
    assert data.augment is not None
    example = data.train[0]
    moved = [data.augment(example, torch.Generator().manual_seed(seed)) for seed in range(8)]
    again = data.augment(example, torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(moved[3].target, again.target)
    distances = set()
    for one in moved:
        first = np.flatnonzero(one.input.any(0))[0] - np.flatnonzero(example.input.any(0))[0]
        np.testing.assert_array_equal(np.roll(example.target, first, axis=1), one.target)
        distances.add(int(first))
    assert len(distances) > 2
    assert max(map(abs, distances)) <= 6
