"""Errors of libraries that read files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.data.foreign import reading, shown
from harness.errors import DataError


def test_a_librarys_error_names_the_file_and_the_reason() -> None:
    expected = pytest.raises(DataError, match=r"clip\.mp4 cannot be read as a video: moov atom not found\.")
    with expected, reading(Path("clip.mp4"), "a video"):
        raise RuntimeError("moov atom\nnot found.")


def test_an_operating_systems_error_gives_its_words_once(tmp_path: Path) -> None:
    expected = pytest.raises(DataError, match=r"none\.wav cannot be read as an audio file: No such file")
    with expected, reading(tmp_path / "none.wav", "an audio file"):
        (tmp_path / "none.wav").read_bytes()


def test_errors_of_ours_and_interrupts_pass() -> None:
    for error in (DataError("said already"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, reading(Path("a"), "text"):
            raise error
        assert caught.value is error


def test_a_name_of_any_bytes_can_be_shown() -> None:
    name = shown(os.fsdecode(b"caf\xe9\x1b[31m.wav"))
    assert name == "caf\\xe9\\x1b[31m.wav"
    assert name.encode("utf-8")
    assert shown("数据.wav") == "数据.wav"
