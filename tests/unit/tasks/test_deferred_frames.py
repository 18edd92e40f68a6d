"""Frames that are read when they are looked at: the same, to the last bit, as if all were held in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from flat_task import flat_task
from harness_datasets.speech_recognition._speech_audio import feature_table
from harness_tasks import speech_recognition
from harness_tasks.sound import _frame_encoder
from harness_tasks.sound._frame_encoder import Normaliser
from harness_tasks.sound._frame_split import FrameSplit
from harness_tasks.sound.audio_features import Features, FeatureSettings
from harness_tasks.sound.deferred_frames import DeferredFrames, FrameRange, Frames, JoinedFrames, PickedFrames
from harness_tasks.speech_recognition import SpeechRecognition
from harness_tasks.spoken_commands import SpokenCommands

from harness.contract.batch import ListSplit, Split
from harness.contract.raw import RawExample
from harness.contract.task import TaskData
from harness.data.cache import cache_dir
from harness.data.sources import FolderSource
from harness.training.collate import Collator

RATE = 8_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Five recordings of different lengths a split, with texts."""
    folder = tmp_path / "own"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for n in range(5):
            wave = 0.1 * draw.normal(size=int((0.4 + 0.1 * n) * RATE))
            soundfile.write(folder / f"{split}{n}.wav", wave.astype(np.float32), RATE)
        (folder / f"{split}.tsv").write_text("".join(f"{split}{n}.wav\tword {n}\n" for n in range(5)))
    return folder


def _read(root: Path) -> TaskData:
    return flat_task(SpeechRecognition, "folder", root=root, sample_rate=RATE).setup()


def _same_batches(one: Split, other: Split, data: TaskData) -> None:
    positions = np.array([3, 0, 4])
    first, second = (Collator(split, data.input_spec, data.target_spec)(positions) for split in (one, other))
    assert first.ids == second.ids
    for name in ("inputs", "input_lengths", "targets", "target_lengths"):
        assert np.array_equal(getattr(first, name).numpy(), getattr(second, name).numpy())


def test_recordings_on_disk_are_those_in_memory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = _read(root)
    monkeypatch.setattr(speech_recognition, "LARGE", 0)
    deferred = _read(root)
    assert isinstance(held.train, ListSplit)
    assert isinstance(deferred.train, FrameSplit)
    for split in ("train", "val", "test"):
        one, other = getattr(held, split), getattr(deferred, split)
        assert np.array_equal(one.input_lengths, other.input_lengths)
        assert np.array_equal(one.target_lengths, other.target_lengths)
        for i in range(5):
            assert np.array_equal(one[i].input, other[i].input)
            assert np.array_equal(one[i].target, other[i].target)
            assert (one[i].id, one[i].references, one[i].units) == (other[i].id, other[i].references, other[i].units)
            assert other.without_input(i).input is None
        _same_batches(one, other, held)


def test_batches_of_commands_are_their_examples() -> None:
    data = SpokenCommands().tiny().setup()
    examples = ListSplit([data.train[i] for i in range(5)])
    _same_batches(examples, data.train, data)


def test_damaged_features_are_computed_again(root: Path) -> None:
    def frames() -> np.ndarray:
        settings = FeatureSettings(Features.mfcc, 13, RATE, 25.0, 10.0)
        source = FolderSource("own", root, "own", patterns=("*.wav",))
        return feature_table(root, source.files(), settings, source).frames["val2.wav"].copy()

    before = frames()
    (file,) = cache_dir().glob("prepared/speech-*/frames")
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    assert np.array_equal(frames(), before)


def test_normalisation_in_blocks_is_that_of_all_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    recordings = [draw.normal(5, 3, (draw.integers(1, 60), 7)).astype(np.float32) for _ in range(50)]
    monkeypatch.setattr(_frame_encoder, "_AT_ONCE", 100)
    found, frames = Normaliser.fit(lambda: recordings), np.concatenate(recordings)
    assert np.array_equal(found.mean, frames.mean(axis=0, dtype=np.float64))
    assert np.array_equal(found.deviation, frames.std(axis=0, dtype=np.float64))


def test_joined_parts_are_sliced_like_an_array() -> None:
    table = np.arange(40, dtype=np.float32).reshape(20, 2)
    parts: list[Frames] = [table[3:5], table[:0], PickedFrames(table, np.array([9, 1, 9])), FrameRange(table, 6, 10)]
    joined, whole = JoinedFrames(parts), np.concatenate([part[:] for part in parts])
    assert len(joined) == len(whole) == 9
    for start in range(10):
        for stop in range(start, 11):
            assert np.array_equal(joined[start:stop], whole[start:stop])
    assert np.array_equal(FrameRange(joined, 2, 8)[1:4], whole[3:6])
    assert JoinedFrames([table[:0], table[:0]])[:].shape == (0, 2)


def test_a_deferred_split_is_a_sequence_of_raw_examples() -> None:
    table = np.arange(12, dtype=np.float32).reshape(6, 2)
    described = [RawExample("a", None, "yes"), RawExample("b", None, "no")]
    raw = DeferredFrames(described, [table[:2], FrameRange(table, 2, 6)])
    assert [len(one.input) for one in raw] == [2, 4]
    assert raw[-1].id == described[1].id
    assert [one.id for one in raw[:1]] == [described[0].id]
