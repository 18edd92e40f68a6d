"""A folder of recordings with transcripts: which recording has which text, and what is counted in the notes."""

import os
import unicodedata

import numpy as np
import pytest
import soundfile
from harness_datasets.speech_recognition.audio_folder import AudioFolder

from harness.errors import DataError

RATE = 8_000


def sound(path, seed):
    soundfile.write(path, 0.1 * np.random.default_rng(seed).normal(size=1_200), RATE, format="WAV")


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    root = tmp_path / "s"
    root.mkdir()
    for n, split in enumerate(("train", "val", "test")):
        for k in range(2):
            sound(root / f"{split}{k}.wav", 10 * n + k)
        (root / f"{split}.tsv").write_text(f"{split}0.wav\tyes\n{split}1.wav\tno\n")
    return root


def read(root, **options):
    return AudioFolder(root=root, sample_rate=RATE, **options).read()


def test_transcripts_are_in_normal_form(root):
    composed = unicodedata.normalize("NFC", "na\u00efve caf\u00e9")
    decomposed = unicodedata.normalize("NFD", composed)
    (root / "train.tsv").write_text(f"train0.wav\t{composed}\ntrain1.wav\tGood\u2028{decomposed}\x0c\u00a0DAY\n")
    assert [one.target for one in read(root).train] == [composed, f"good {composed} day"]


@pytest.mark.parametrize(
    "spelling", ["train0.wav", "./train0.wav", ".//train0.wav", "x/../train0.wav", "link.wav", "hard.wav"]
)
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_recording_is_listed_once_by_whatever_name(root, split, spelling):
    (root / "x").mkdir()
    os.symlink("train0.wav", root / "link.wav")
    os.link(root / "train0.wav", root / "hard.wav")
    with (root / f"{split}.tsv").open("a") as lines:
        lines.write(f"{spelling}\tyes\n")
    with pytest.raises(
        DataError, match=rf"train0\.wav is listed twice: .*train\.tsv, line 1, and .*{split}\.tsv, line 3"
    ):
        read(root, on_corrupt="skip")


def test_a_header_that_is_not_known_is_no_missing_file(root):
    (root / "val.tsv").write_text("clip\twords\nval0.wav\tyes\n")
    with pytest.raises(DataError, match=r"val\.tsv, line 1: clip is listed .* must call the columns path and text"):
        read(root, on_corrupt="skip")


def test_what_is_missing_is_answered_with_what_looks_alike(root):
    with (root / "val.tsv").open("a") as lines:
        lines.write("VAL7.WAV\tyes\n")
    sound(root / "val7.wav", 7)
    with pytest.raises(
        DataError, match=r"^val\.tsv, line 3: VAL7\.WAV is listed but .* There is 'val7\.wav', in other"
    ):
        read(root)


def test_what_cannot_be_used_is_counted_by_reason_and_what_is_not_used_named(root):
    whole = (root / "train0.wav").read_bytes()
    (root / "train1.wav").write_bytes(whole[:1_000])
    soundfile.write(root / "silent.wav", np.zeros(1_200), RATE)
    soundfile.write(root / "short.wav", np.arange(100) / 200, RATE)
    soundfile.write(root / "loud.WAV", np.sign(np.sin(np.arange(1_200) / 20)), RATE)
    (root / "unlisted.mp3").write_bytes(b"")
    (root / "README").write_text("hello")
    with (root / "train.tsv").open("a") as lines:
        lines.write("silent.wav\ta\nshort.wav\tb\nloud.WAV\tc\ngone.wav\td\nval0.wavx\te\nempty.wav\t\n")
    sound(root / "empty.wav", 3)
    data = read(root, on_corrupt="skip")
    assert [one.id for one in data.train] == ["train/train0.wav", "train/loud.WAV"]
    assert data.notes == {
        "files skipped": 6,
        "files skipped, names": "empty.wav, gone.wav, short.wav, silent.wav, train1.wav, val0.wavx",
        "files skipped, reasons": "2 missing, 1 broke off, 1 no sound, 1 too short, 1 without text",
        "recordings clipped, over 1% of their samples": 1,
        "recordings clipped, over 1% of their samples, names": "loud.WAV",
        "files not used": 2,
        "files not used, another ending": "1 (none 1): README",
        "files not used, named in no list": "1: unlisted.mp3",
    }
    with pytest.raises(DataError, match=r"short\.wav is too short: .*5 more files cannot be used either"):
        read(root)


def test_a_missing_list_is_answered_with_what_looks_alike(root):
    (root / "val.tsv").rename(root / "val.csv")
    with pytest.raises(DataError, match=r"val\.tsv is missing\. .* There is 'val\.csv', with another ending\."):
        read(root)


def test_a_recording_too_short_for_its_text_can_be_skipped(root):
    with (root / "train.tsv").open("a") as lines:
        lines.write("long.wav\tmore letters than frames\n")
    sound(root / "long.wav", 5)
    data = read(root, on_corrupt="skip")
    assert data.notes["files skipped, reasons"] == "1 too short for its text"
    assert len(data.train) == 2


def test_quotes_of_a_spreadsheet_are_declared(root):
    (root / "val.tsv").write_text('val0.wav\t"good, ""sir"""\n')
    with pytest.raises(DataError, match=r"val\.tsv, line 1: .*task\.quotes=csv"):
        read(root)
    assert read(root, quotes="csv").val[0].target == 'good, "sir"'
