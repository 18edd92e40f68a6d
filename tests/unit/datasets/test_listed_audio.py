"""LibriSpeech and YesNo in their published layouts, made small, and what is said of other ones."""

import numpy as np
import pytest
import soundfile
from harness_datasets.speech_recognition.librispeech import LibriSpeech
from harness_datasets.speech_recognition.yesno import YesNo

from harness.errors import DataError


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))


def record(path, seed, rate):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.sin(np.arange(rate // 2) / (4 + seed)) / 2, rate)


@pytest.fixture
def libri(tmp_path):
    for n, part in enumerate(("train-clean-100", "dev-clean", "test-clean", "dev-other")):
        folder = tmp_path / "LibriSpeech" / part / "84" / f"12{n}"
        names = [f"84-12{n}-{i:04}" for i in range(2)]
        for i, name in enumerate(names):
            record(folder / f"{name}.flac", i + n, 16_000)
        (folder / f"84-12{n}.trans.txt").write_text("".join(f"{name} GO DO YOU HEAR {name[-1]}\n" for name in names))
    return tmp_path


def test_librispeech_by_its_parts(libri):
    data = LibriSpeech(root=libri).read()
    assert [one.id for one in data.test] == ["test/84-122-0000", "test/84-122-0001"]
    assert data.test[1].target == "go do you hear 1"
    assert data.test[0].input.shape == (51, 40)
    assert LibriSpeech(root=libri / "LibriSpeech", train_parts=["dev-other"]).read().train[0].id == "train/84-123-0000"


def test_what_is_missing_from_librispeech_is_said(libri):
    with pytest.raises(DataError, match=r"no part test-other; it has dev-clean, train-clean-100.*task.test_part"):
        LibriSpeech(root=libri, test_part="test-other").read()
    with pytest.raises(ValueError, match="'dev-cleen' is no part of LibriSpeech: train-clean-100"):
        LibriSpeech(val_part="dev-cleen")
    chapter = libri / "LibriSpeech" / "dev-clean" / "84" / "121"
    (chapter / "84-121-0001.flac").unlink()
    with pytest.raises(DataError, match=r"84-121.trans.txt, line 2: there is no 84-121-0001.flac"):
        LibriSpeech(root=libri).read()
    (chapter / "84-121.trans.txt").write_text("84-121-0000\n")
    with pytest.raises(DataError, match=r"line 1: '84-121-0000' is not of the form ID TEXT"):
        LibriSpeech(root=libri).read()
    (chapter / "84-121.trans.txt").write_text("84-121-0000 A\n")
    (chapter / "84-121-0000.flac").write_bytes((chapter / "84-121-0000.flac").read_bytes()[:300])
    with pytest.raises(DataError, match=r"84-121-0000.flac"):
        LibriSpeech(root=libri).read()


def test_yesno_by_its_names(tmp_path):
    names = [f"{first}_0_0_{i // 4}_{i // 2 % 2}_{i % 2}_1_1" for first in "01" for i in range(8)]
    for n, name in enumerate(names):
        record(tmp_path / "waves_yesno" / f"{name}.wav", n, 8_000)
    data = YesNo(root=tmp_path).read()
    assert [len(part) for part in (data.train, data.val, data.test)] == [3, 5, 8]
    assert data.test[0].target == "yes no no no no no yes yes"
    record(tmp_path / "waves_yesno" / "hello.wav", 1, 8_000)
    with pytest.raises(DataError, match=r"hello.wav is not named as in YesNo"):
        YesNo(root=tmp_path).read()
