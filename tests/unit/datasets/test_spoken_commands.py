"""Spoken commands: Speech Commands' layout made small, folders of one's own, FSDD by speaker, and looks at audio."""

import re

import numpy as np
import pytest
import soundfile
from flat_task import flat_task
from harness_datasets.spoken_commands._command_sets import CommandOptions, Word, command_data
from harness_datasets.spoken_commands.digit_words import WORDS
from harness_datasets.spoken_commands.speech_commands import TEN
from harness_tasks.sound.running_audio import AudioLook
from harness_tasks.spoken_commands import SpokenCommands

from harness.errors import DataError

RATE = 16_000
FAST = {"running_minutes": 0.2, "window_ms": 50, "hop_ms": 50, "feature_count": 4}


def write(path, seed, seconds=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.1 * np.random.default_rng(seed).normal(size=int(seconds * RATE))
    soundfile.write(path, wave.astype(np.float32), RATE)


@pytest.fixture
def archive(tmp_path):
    """The layout of Speech Commands v2: three speakers a word, one of each split, and a minute of noise."""
    root = tmp_path / "speech_commands_v0.02"
    words, listed = [*TEN, "bed", "cat"], {"validation": [], "testing": []}
    for number, word in enumerate(words):
        for speaker, part in enumerate((None, None, "validation", "testing")):
            name = f"{word}/{speaker:08x}_nohash_0.wav"
            write(root / name, 10 * number + speaker)
            if part:
                listed[part].append(name)
    for part, names in listed.items():
        (root / f"{part}_list.txt").write_text("\n".join(names) + "\n")
    write(root / "_background_noise_" / "white_noise.wav", 999, 30)
    (root / "_background_noise_" / "README.md").write_text("Noise.")
    return root


def read(dataset, root, **options):
    return flat_task(SpokenCommands, dataset, root=root, **{**FAST, **options}).dataset.read()


def words_of(split):
    return [one for one in split if not isinstance(one, AudioLook) and "/background/" not in one.id]


def test_twelve_classes_are_ten_commands_unknown_and_silence(archive):
    data = read("speech_commands", archive)
    assert data.labels == (*TEN, "unknown", "silence")
    assert {one.target for one in words_of(data.test)} == set(data.labels)
    assert {one.source.split("/")[1][:8] for one in words_of(data.val) if one.target in TEN} == {"00000002"}
    assert sum(one.target == "unknown" for one in words_of(data.train)) == 2  # as many as a command has
    running = [one for one in data.test if isinstance(one, AudioLook) and one.step_seconds]
    assert {one.target for one in running} == {"unknown"}
    assert len(running) == 1 + (12 - 1) * 10
    assert data.notes["files not used"] == 1


def test_thirty_five_classes_are_words_alone(archive):
    data = read("speech_commands", archive, words=35)
    assert data.labels == (*sorted([*TEN, "bed", "cat"]),)
    assert data.notes["running audio"] == "none"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root: (root / "testing_list.txt").unlink(), "has validation_list.txt, but no testing_list.txt"),
        (lambda root: [(root / f"{n}_list.txt").unlink() for n in ("testing", "validation")], "which divide Speech"),
        (lambda root: (root / "yes/00000003_nohash_0.wav").unlink(), "names 'yes/00000003_nohash_0.wav', which is not"),
        (
            lambda root: (root / "testing_list.txt").write_text((root / "validation_list.txt").read_text()),
            "line 1: 'yes/00000002_nohash_0.wav' is in validation_list.txt too",
        ),
        (lambda root: (root / "no/00000000_nohash_0.wav").write_bytes(b"RIFF"), "00000000_nohash_0.wav"),
    ],
)
def test_a_damaged_copy_is_refused_with_what_is_wrong(archive, damage, said):
    damage(archive)
    with pytest.raises(DataError, match=re.escape(said)):
        read("speech_commands", archive)


@pytest.fixture
def folder(tmp_path):
    """Two words by five speakers, two recordings each."""
    for number, word in enumerate(("start", "halt", "unknown")):
        for speaker in range(5):
            for take in range(2):
                write(tmp_path / "own" / word / f"s{speaker}_{take}.wav", 100 * number + 10 * speaker + take, 0.6)
    return tmp_path / "own"


def test_a_folder_is_divided_by_content_and_copies_stay_together(folder):
    (folder / "halt" / "again.wav").write_bytes((folder / "halt" / "s0_0.wav").read_bytes())
    data = read("folder", folder)
    assert data.labels == ("halt", "start", "unknown")
    where = {one.source: name for name in ("train", "val", "test") for one in words_of(getattr(data, name))}
    assert where["halt/again.wav"] == where["halt/s0_0.wav"]
    assert len(where) == 31
    assert all(len(one.input) == 20 for one in data.test)


def test_a_folder_is_divided_by_speaker_where_names_say_who_speaks(folder):
    data = read("folder", folder, speaker="^([^_]+)_")
    speakers = [{one.source.split("/")[1][:2] for one in words_of(part)} for part in (data.train, data.val, data.test)]
    assert [len(found) for found in speakers] == [3, 1, 1]
    assert len(set.union(*speakers)) == 5
    with pytest.raises(DataError, match=re.escape("does not match task.speaker='^(x)'")):
        read("folder", folder, speaker="^(x)")
    with pytest.raises(ValueError, match="must have a group"):
        read("folder", folder, speaker="^s")


def test_a_folder_of_one_word_or_without_the_command_is_refused(folder):
    with pytest.raises(DataError, match="The command 'stop' has no usable recording"):
        read("folder", folder, commands=["stop"])
    for word in ("start", "unknown"):
        for path in (folder / word).iterdir():
            path.unlink()
    with pytest.raises(DataError, match="has recordings of halt only"):
        read("folder", folder)


def test_fsdd_holds_out_speakers_or_the_official_recordings(tmp_path):
    for digit in (0, 3, 7):
        for speaker in ("ann", "bob", "cy"):
            for index in (0, 5, 10):
                write(tmp_path / f"{digit}_{speaker}_{index}.wav", digit * 100 + ord(speaker[0]) + index, 0.4)
    data = read("fsdd", tmp_path, commands=["zero", "three"])
    speakers = [{one.source.split("_")[1] for one in words_of(part)} for part in (data.train, data.val, data.test)]
    assert [len(found) for found in speakers] == [1, 1, 1]
    assert len(set.union(*speakers)) == 3
    official = read("fsdd", tmp_path, commands=["zero", "three"], held_out="recordings", clip_seconds=0)
    assert {one.source.split("_")[2] for one in official.test} == {"0"}
    assert {len(one.input) for one in official.test} == {9}


def test_looks_end_a_second_after_the_command_and_see_the_last_second():
    draw = np.random.default_rng(0)
    words = [Word(f"{n}", WORDS[n % 3], draw.normal(size=(n + 5, 2)).astype(np.float32)) for n in range(6)]
    options = CommandOptions(clip_seconds=1.0, every_seconds=0.25, running_minutes=0.05)
    data = command_data(dict.fromkeys(("train", "val", "test"), words), ["zero"], options, 0.05, lambda f: f[:, 0])
    found = [one for one in data.test if isinstance(one, AudioLook) and one.after_end is not None]
    assert [one.after_end for one in found if one.stream == 0] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [one.after_end for one in found if one.stream == 3][:2] == [-0.15, 0.1]
    assert all(len(one.input) == 20 for one in found)
    at_end = next(one for one in found if one.stream == 0 and one.after_end == 0.0)
    assert np.array_equal(at_end.input[-5:], words[0].frames)
