"""Frames in one file: what was written comes back, whatever was given back to the system meanwhile."""

from __future__ import annotations

import errno
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from harness.data import mapped_file
from harness.data.cache import build_once
from harness.data.frame_file import FrameFile, write_frames
from harness.errors import DataError

RECORDINGS = {f"a/{n}.wav": np.random.default_rng(n).normal(size=(n + 1, 3)).astype(np.float32) for n in (4, 0, 700, 9)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_frames(tmp_path, RECORDINGS.items(), 3)
    return tmp_path


def test_what_was_written_comes_back_by_name(folder: Path) -> None:
    found = FrameFile(folder)
    assert list(found) == list(RECORDINGS)
    assert (folder / "frames").stat().st_size == 4 * 3 * (5 + 1 + 701 + 10)
    for name, frames in RECORDINGS.items():
        assert np.array_equal(found[name], frames)
        assert len(found.recording(name)) == len(frames)
        assert np.array_equal(found.recording(name)[2:7], frames[2:7])
        assert found.digest(name) == hashlib.sha256(frames.tobytes()).hexdigest()
    assert "b.wav" not in found
    assert not found["a/4.wav"].flags.writeable


def test_frames_stay_valid_when_their_memory_was_given_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_file, "KEPT", 16)
    found = FrameFile(folder)
    views = [(found[name], frames) for _ in range(2) for name, frames in RECORDINGS.items()]
    assert all(np.array_equal(view, frames) for view, frames in views)


def test_a_process_that_receives_it_opens_the_file_itself(folder: Path) -> None:
    again = pickle.loads(pickle.dumps(FrameFile(folder)))
    assert np.array_equal(again["a/9.wav"], RECORDINGS["a/9.wav"])


def test_a_folder_without_a_usable_recording_is_read(tmp_path: Path) -> None:
    write_frames(tmp_path, [], 3)
    assert not FrameFile(tmp_path)


def test_a_file_that_was_cut_off_is_refused(folder: Path) -> None:
    (folder / "frames").write_bytes(b"\0" * 8)
    with pytest.raises(DataError, match="damaged: remove the folder"):
        FrameFile(folder)


def test_a_full_disk_is_said_in_a_sentence_and_nothing_is_kept(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "frames").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DataError, match=r"no room to prepare .*prepared \(No space left on device\).*HARNESS_DATA"):
        build_once(tmp_path / "prepared", build)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []
