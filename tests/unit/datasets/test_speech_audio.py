"""Raw audio: features against their definition, what is refused or skipped, caching, SpecAugment."""

import numpy as np
import pytest
import scipy.fft
import soundfile
import torch
from harness_datasets.speech_recognition import _speech_audio
from harness_datasets.speech_recognition._speech_audio import feature_table
from harness_tasks.sound import audio_files
from harness_tasks.sound._spec_augment import SpecAugment
from harness_tasks.sound.audio_features import Features, FeatureSettings
from harness_tasks.sound.audio_files import read_audio

from harness.contract.batch import Example
from harness.data.sources import FolderSource
from harness.errors import DataError

RATE = 8_000


def tone(hertz=440.0, seconds=0.3, rate=RATE):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def settings(kind=Features.log_mel, count=40, hop_ms=10.0):
    return FeatureSettings(kind, count, RATE, 25.0, hop_ms)


def table(root, kind=Features.log_mel, count=40, **more):
    files = sorted(root.glob("*.wav"))
    return feature_table(
        root, files, settings(kind, count, **more), FolderSource("own", root, "own", patterns=("*.wav",))
    )


def test_reading_averages_channels_and_resamples(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([tone(rate=16_000), tone(rate=16_000)], axis=1), 16_000)
    wave = read_audio(tmp_path / "a.wav", RATE)
    assert wave.dtype == np.float32
    assert len(wave) == int(0.3 * RATE)
    middle = slice(200, -200)  # the edges ring
    assert np.abs(wave[middle] - tone()[middle]).max() < 0.01


def test_files_that_are_no_audio_are_named(tmp_path):
    (tmp_path / "noise.wav").write_bytes(b"RIFF, but not really")
    with pytest.raises(DataError, match=r"noise\.wav cannot be read as an audio file"):
        read_audio(tmp_path / "noise.wav", RATE)


def test_a_file_without_samples_is_named(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(DataError, match=r"silent\.wav holds no sound"):
        read_audio(tmp_path / "silent.wav", RATE)


def test_samples_that_are_no_numbers_are_named(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan]), RATE, subtype="FLOAT")
    with pytest.raises(DataError, match=r"nan\.wav holds samples that are not finite"):
        read_audio(tmp_path / "nan.wav", RATE)


@pytest.mark.parametrize(("kind", "count"), [(Features.log_mel, 40), (Features.mfcc, 13)])
def test_frames_follow_the_hop(tmp_path, kind, count):
    soundfile.write(tmp_path / "a.wav", tone(seconds=0.5), RATE)
    frames = table(tmp_path, kind, count).frames["a.wav"]
    assert frames.dtype == np.float32
    assert frames.shape == (1 + 4000 // 80, count)
    assert table(tmp_path, kind, count, hop_ms=20.0).frames["a.wav"].shape == (1 + 4000 // 160, count)


def test_mfcc_is_the_cosine_transform_of_log_mel(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone() + 0.05 * tone(1234.0), RATE)
    log_mel = table(tmp_path).frames["a.wav"]
    expected = scipy.fft.dct(log_mel, norm="ortho", axis=1)[:, :13]
    assert np.allclose(table(tmp_path, Features.mfcc, 13).frames["a.wav"], expected, atol=1e-3)


def test_log_mel_peaks_where_the_tone_is(tmp_path):
    for name, hertz in (("low", 300.0), ("high", 2500.0)):
        soundfile.write(tmp_path / f"{name}.wav", tone(hertz), RATE)
    frames = table(tmp_path).frames
    low, high = (frames[f"{name}.wav"].mean(axis=0).argmax() for name in ("low", "high"))
    assert low < 15 < high


def test_unusable_files_are_listed_beside_usable_ones(tmp_path):
    soundfile.write(tmp_path / "good.wav", tone(), RATE)
    (tmp_path / "bad.wav").write_bytes(b"")
    found = table(tmp_path)
    assert list(found.frames) == ["good.wav"]
    assert list(found.unusable) == ["bad.wav"]


def test_a_moved_folder_is_not_named_by_its_old_place(tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"noise")
    unusable = table(tmp_path).unusable["bad.wav"]
    assert unusable.reason == "not audio"
    assert unusable.message.startswith("bad.wav cannot be read as an audio file")


def test_a_file_that_cannot_be_opened_is_not_remembered_as_unusable(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    with monkeypatch.context() as patch:
        patch.setattr(audio_files, "_decoded", lambda sound: (_ for _ in ()).throw(MemoryError("no memory")))
        with pytest.raises(DataError, match=r"a\.wav cannot be read as an audio file: no memory"):
            table(tmp_path)
    assert list(table(tmp_path).frames) == ["a.wav"]


def test_features_are_computed_once(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    first = table(tmp_path)
    monkeypatch.setattr(_speech_audio, "read_recording", None)
    assert np.array_equal(table(tmp_path).frames["a.wav"], first.frames["a.wav"])


def test_masks_lie_within_their_widths_and_leave_the_example_alone():
    frames = np.ones((100, 12), dtype=np.float32)
    example = Example("a", frames, np.array([1]))
    masks = SpecAugment(feature_masks=1, feature_share=0.34, time_masks=1, time_width=50, time_share=0.1)
    widths = []
    for seed in range(50):
        masked = masks(example, torch.Generator().manual_seed(seed)).input
        features, times = int((masked == 0).all(axis=0).sum()), int((masked == 0).all(axis=1).sum())
        assert features <= 4
        assert times <= 10
        assert (masked == 0).sum() == 12 * times + 100 * features - times * features
        widths.append((features, times))
    assert len(set(widths)) > 10
    assert (frames == 1).all()


def test_the_same_generator_gives_the_same_masks():
    example = Example("a", np.ones((40, 12), dtype=np.float32), np.array([1]))
    first, again = (SpecAugment()(example, torch.Generator().manual_seed(3)).input for _ in range(2))
    assert np.array_equal(first, again)


def speed_only(speed):
    return SpecAugment(feature_masks=0, time_masks=0, speed=speed)


def test_speed_shortens_and_lengthens_within_its_share_and_keeps_the_ends():
    frames = np.linspace(0, 1, 100, dtype=np.float32)[:, None].repeat(2, axis=1)
    lengths = []
    for seed in range(50):
        made = speed_only(0.2)(Example("a", frames, np.array([1])), torch.Generator().manual_seed(seed)).input
        assert np.allclose(made[:, 0], np.linspace(0, 1, len(made)), atol=1e-5)
        assert made.dtype == np.float32
        lengths.append(len(made))
    assert 83 <= min(lengths) < 90
    assert 110 < max(lengths) <= 125


def test_speed_leaves_room_for_every_label():
    example = Example("a", np.ones((20, 3), dtype=np.float32), np.arange(9))
    made = [
        len(speed_only(0.5)(example, torch.Generator().manual_seed(seed), steps_per_label=2).input)
        for seed in range(20)
    ]
    assert min(made) == 18


def test_speed_changes_stacked_frames_one_by_one():
    frames = np.arange(30, dtype=np.float32)
    for seed in range(10):
        made = speed_only(0.2)(
            Example("a", frames.reshape(10, 3), np.array([1])), torch.Generator().manual_seed(seed), stack=3
        ).input.ravel()
        assert np.abs(np.diff(made, 2)[:-2]).max() < 1e-4  # evenly spaced; the last step may repeat a frame
        assert made[-1] == 29
