"""The benchmark of sweeps runs every cell by each way; how quick this machine is, no test asserts."""

from __future__ import annotations

import math
import re

import pytest

from harness.bench import sweeps
from harness.runtime import usable_cores

WORDS = (
    "task=speech_recognition",
    "task.dataset=tones",
    "task.max_digits=2",
    "task.train_strings=16",
    "task.val_strings=4",
    "task.test_strings=4",
    "model.hidden_size=8",
    "trainer.embedding_dim=8",
    "trainer.validations=1",
    "budget=steps:2",
)


@pytest.mark.exhaustive
def test_every_cell_is_run_by_each_way() -> None:
    serial, one, start = sweeps.sweep_rows(rounds=1, words=WORDS, models=("rnn",), seeds=2)
    assert [row.name for row in (serial, one, start)] == [
        "sweep-vs-serial",
        "sweep-vs-one-process",
        "start-to-first-step",
    ]
    for row in (serial, one, start):
        assert all(math.isfinite(value) and value > 0 for value in (row.ratio, row.a, row.b))
    assert "2 runs of steps:2 each" in serial.about
    assert f"one warm process with {usable_cores()} threads" in one.about
    assert serial.a > 2 * start.a  # two commands, each of which goes on after its first step
    assert serial.b > one.b  # a whole command, and what its runs took
    assert start.ratio == start.a


def test_a_way_that_fails_says_how() -> None:
    with pytest.raises(
        RuntimeError, match=re.compile("harness run.*ended with code 2.*no task named 'speach'", re.DOTALL)
    ):
        sweeps.sweep_rows(rounds=1, words=("task=speach",), models=("rnn",), seeds=1)
