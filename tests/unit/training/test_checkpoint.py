"""Checkpoints: whole or not at all, and never a program."""

from __future__ import annotations

import os
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.training import random_state
from harness.training.checkpoint import AtomicCheckpointIO, CorruptCheckpointError, read, read_if_mine

MINE = {"key": "k", "environment": "e"}
STATE = {
    "epoch": 0,
    "global_step": 4,
    "best_step": 4,
    "pytorch-lightning_version": "2",
    "state_dict": {"w": torch.arange(1000.0)},
    "sequence_harness": MINE,
}


def _save(path: Path, **changes: Any) -> None:
    AtomicCheckpointIO().save_checkpoint(STATE | changes, path)


def test_what_was_saved_is_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    _save(tmp_path / "a.ckpt")
    assert torch.equal(read(tmp_path / "a.ckpt")["state_dict"]["w"], torch.arange(1000.0))
    assert [path.name for path in tmp_path.iterdir()] == ["a.ckpt"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ckpt"
    _save(path, global_step=1)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        _save(path, global_step=2)
    monkeypatch.undo()
    assert read(path)["global_step"] == 1


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_every_changed_byte_of_the_content_is_noticed(place: int, change: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.ckpt"
        _save(path)
        whole = bytearray(path.read_bytes())
        start = whole.find(torch.arange(1000.0).numpy().tobytes())
        assert start > 0
        whole[start + place % 4000] ^= change
        path.write_bytes(whole)
        with pytest.raises(CorruptCheckpointError, match=r"damaged|cannot be loaded"):
            read(path)


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("how", ["pickle", "zip"])
def test_a_checkpoint_that_would_run_code_is_refused_unrun(tmp_path: Path, how: str) -> None:
    path, trace = tmp_path / "a.ckpt", tmp_path / "trace"
    if how == "pickle":
        path.write_bytes(pickle.dumps(_Bomb(trace)))
    else:
        torch.save({**STATE, "extra": _Bomb(trace)}, path)
    with pytest.raises(CorruptCheckpointError):
        read(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK", bytes(range(100)), b"not a checkpoint"], ids=["empty", "cut", "bytes", "text"]
)
def test_what_is_no_checkpoint_is_set_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    last = tmp_path / "last.ckpt"
    last.write_bytes(content)
    assert read_if_mine(last, tmp_path / "best.ckpt", MINE) is None
    assert (tmp_path / "last.ckpt.unusable").read_bytes() == content
    assert "the run starts anew" in caplog.text


@pytest.mark.parametrize("other", [{"key": "other", "environment": "e"}, {"key": "k", "environment": "other"}, None])
def test_a_checkpoint_of_another_run_or_environment_is_not_gone_on_from(tmp_path: Path, other: Any) -> None:
    _save(tmp_path / "last.ckpt", sequence_harness=other)
    assert read_if_mine(tmp_path / "last.ckpt", tmp_path / "best.ckpt", MINE) is None


def test_best_weights_that_a_kill_kept_from_being_written_are_written(tmp_path: Path) -> None:
    last, best = tmp_path / "last.ckpt", tmp_path / "best.ckpt"
    _save(last)
    _save(best, global_step=2, state_dict={"w": torch.zeros(3)})
    assert read_if_mine(last, best, MINE) is not None
    assert torch.equal(read(best)["state_dict"]["w"], torch.arange(1000.0))


@pytest.mark.parametrize("fault", ["missing", "damaged", "of another step"])
def test_without_the_best_weights_a_run_starts_anew(tmp_path: Path, fault: str) -> None:
    last, best = tmp_path / "last.ckpt", tmp_path / "best.ckpt"
    _save(last, global_step=9)
    if fault == "damaged":
        best.write_bytes(b"PK\x03\x04")
    elif fault == "of another step":
        _save(best, global_step=5)
    assert read_if_mine(last, best, MINE) is None
    assert not last.exists()


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert read_if_mine(tmp_path / "last.ckpt", tmp_path / "best.ckpt", MINE) is None


def _draw() -> list[float]:
    return [
        float(torch.rand(())),
        random.random(),
        random.gauss(0, 1),
        float(np.random.rand()),
        float(np.random.randn()),
    ]


def test_every_global_generator_goes_on_from_where_it_was_taken_down(tmp_path: Path) -> None:
    before = random_state.capture()  # put back at the end, for the tests after this one
    _draw()
    path = tmp_path / "a.ckpt"
    _save(path, random=random_state.capture())
    expected = [_draw() for _ in range(3)]
    random_state.restore(read(path)["random"])
    assert [_draw() for _ in range(3)] == expected
    random_state.restore(before)
