"""AN4 as published, made small: Sphinx's lists and features, NeMo's lists and audio, and damage of each kind."""

import json
import struct

import numpy as np
import pytest
from harness_datasets.speech_recognition.an4 import An4

from harness.errors import DataError

TRAIN = [f"an{n}-{speaker}-b" for n, speaker in enumerate(["fash", "fbbh", "mmkw", "mtos2"] * 2, start=251)]
TEST = ["an406-fcaw-b", "cen1-mmxg-b"]


def cepstra(frames, order=">"):
    values = np.arange(13 * frames, dtype=f"{order}f4")
    return struct.pack(f"{order}i", len(values)) + values.tobytes()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "etc").mkdir()
    for split, ids, above in (("train", TRAIN, "an4_clstk"), ("test", TEST, "an4test_clstk")):
        lines = [f"<s> GO {n} X </s> ({name})" for n, name in enumerate(ids)]
        (tmp_path / "etc" / f"an4_{split}.transcription").write_text("\n".join(lines) + "\n")
        for name in ids:
            place = tmp_path / "feat" / above / name.split("-")[1]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.mfc").write_bytes(cepstra(7, "<" if name == TEST[1] else ">"))
    return tmp_path


def test_official_test_speakers_and_others_held_out_by_speaker(folder):
    data = An4(root=folder, mean_normalised=False).read()
    assert sorted(one.id for one in data.test) == [f"test/{name}" for name in TEST]
    speakers = {split: {one.id.split("-")[1] for one in getattr(data, split)} for split in ("train", "val")}
    assert not speakers["train"] & speakers["val"]
    assert len(data.train) + len(data.val) == len(TRAIN)
    for one in data.test:  # in either byte order
        np.testing.assert_array_equal(one.input, np.arange(91, dtype=np.float32).reshape(7, 13))
    assert data.test[0].target == "go 0 x"


def test_means_and_stacked_frames(folder):
    frames = An4(root=folder, stack=3).read().test[0].input
    assert frames.shape == (3, 39)
    np.testing.assert_allclose(frames[0, :13], -39)
    np.testing.assert_allclose(frames[2, 13:26], frames[2, :13])  # the last frame again
    assert An4(stack=3).seconds_per_frame == pytest.approx(0.03)


def test_nemo_lists_with_audio(tmp_path):
    import soundfile

    for split, ids in (("train", TRAIN), ("val", TEST)):
        (tmp_path / split / "wav").mkdir(parents=True)
        rows = []
        for name in ids:
            wave = np.sin(np.arange(8000) / (5 + len(rows)))
            soundfile.write(tmp_path / split / "wav" / f"{name}.wav", wave, 16_000)
            rows.append(json.dumps({"audio_filepath": f"data//wav/{name}.wav", "duration": 1, "text": "GO x"}))
        (tmp_path / f"an4_{split}.json").write_text("\n".join(rows))
    data = An4(root=tmp_path, audio=True).read()
    assert len(data.test) == 2
    assert data.test[0].input.shape == (51, 40)
    assert data.test[0].target == "go x"


def test_a_missing_list_and_missing_features_are_said(folder):
    with pytest.raises(DataError, match=r"8 of 8|10 of 10"):
        An4(root=folder, audio=True).read()
    next(folder.rglob("an406*")).unlink()
    with pytest.raises(DataError, match=r"1 of 10 listed utterances have no feature file.*an406-fcaw-b"):
        An4(root=folder).read()
    (folder / "etc" / "an4_test.transcription").unlink()
    with pytest.raises(DataError, match=r"etc/an4_test.transcription is missing.*Expected: etc/an4_train"):
        An4(root=folder).read()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (cepstra(7)[:-4], "header announces 91 values, and 90 follow"),
        (struct.pack(">i", 12) + bytes(48), "no whole frames of 13"),
        (struct.pack(">i", 13) + np.full(13, np.nan, ">f4").tobytes(), "not finite"),
        (b"ab", "it has 2 bytes"),
    ],
)
def test_damaged_features_are_refused_by_name(folder, content, said):
    next(folder.rglob("an406*")).write_bytes(content)
    with pytest.raises(DataError, match=rf"an406-fcaw-b.mfc .*{said}"):
        An4(root=folder).read()


@pytest.mark.parametrize(
    ("line", "said"),
    [("GO an251-fash-b", "is not of the form TEXT"), (f"GO ({TRAIN[0]})", "has a text already")],
)
def test_damaged_lists_are_refused_with_their_line(folder, line, said):
    path = folder / "etc" / "an4_train.transcription"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DataError, match=rf"transcription, line 9: .*{said}"):
        An4(root=folder).read()


def test_an_utterance_of_both_lists_is_refused(folder):
    path = folder / "etc" / "an4_test.transcription"
    path.write_text(path.read_text() + f"GO ({TRAIN[0]})\n")
    with pytest.raises(DataError, match=f"{TRAIN[0]} stands in both"):
        An4(root=folder).read()
