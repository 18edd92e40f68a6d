"""What a command line's arguments mean as sources, and what is said of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from harness_tasks.sound._frame_encoder import FrameEncoder, Normaliser
from harness_tasks.sound.audio_features import Features, FeatureSettings

from harness.errors import DataError
from harness.inference.sources import files, texts
from harness.inference.streaming import words_as_they_come

NOTHING = io.BytesIO()


def test_lines_end_as_readers_say_and_are_read_as_they_come() -> None:
    lines = texts(["-"], io.BytesIO(b"eins\r\nzwei\n\ndrei"))
    first = next(lines)
    assert (first.source, first.where) == ("eins", "standard input, line 1")
    assert [one.source for one in lines] == ["zwei", "", "drei"]


def test_words_are_cut_at_blanks_wherever_the_bytes_are() -> None:
    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            return self.read(1)

    stream = Slow("é b\n\nç".encode())
    assert list(words_as_they_come(stream)) == ["é", "b", None, None, "ç", None]
    with pytest.raises(DataError, match="not UTF-8"):
        list(words_as_they_come(Slow(b"a \xff")))


def test_a_text_too_long_for_a_name_or_empty_is_a_text() -> None:
    long = "a word " * 5000
    assert [one.source for one in texts([long, "", "~nobody is here"], NOTHING)] == [long, "", "~nobody is here"]


def test_files_come_from_folders_lists_and_arrays(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("b.wav", "a.wav", ".hidden", "inner/c.wav"):
        (tmp_path / name).write_bytes(b"x")
    found = list(files([str(tmp_path)], NOTHING))
    assert [Path(one.written).name for one in found] == ["a.wav", "b.wav", "c.wav"]
    listed = io.BytesIO(f"{tmp_path / 'b.wav'}\n{tmp_path / 'gone.wav'}\n".encode())
    assert [one.problem for one in files(["-"], listed)] == ["", "there is no such file."]
    np.save(tmp_path / "frames.npy", np.ones((3, 2)))
    (tmp_path / "bad.npy").write_bytes(b"no array")
    (tmp_path / "empty.wav").touch()
    good, bad, empty = files([str(tmp_path / name) for name in ("frames.npy", "bad.npy", "empty.wav")], NOTHING)
    assert good.source.shape == (3, 2)
    assert "cannot be read" in bad.problem
    assert empty.problem == "the file is empty."


@pytest.mark.parametrize(("rate", "said"), [(8000, ()), (44100, ("resampled from 44,100 to 8,000 Hz",))])
def test_a_recording_of_another_rate_is_said(tmp_path: Path, rate: int, said: tuple[str, ...]) -> None:
    wave = np.sin(np.arange(rate) / 9).astype(np.float32)
    soundfile.write(tmp_path / "tone.wav", wave, rate)
    encoder = FrameEncoder(
        Normaliser(np.zeros(80), np.ones(80)), FeatureSettings(next(iter(Features)), 80, 8000, 25.0, 10.0)
    )
    assert encoder.remarks(tmp_path / "tone.wav") == said
    assert encoder.remarks((wave, rate)) == said
    assert encoder.remarks(np.zeros((3, 80))) == ()
