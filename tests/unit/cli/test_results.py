"""Cells of a sweep's table: means over seeds, each seed once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.cli.results import _cell
from harness.runtime import threads_for_one_run, usable_cores


def _view(seed: int, value: float | None, ended_at: float = 1.0, status: str = "finished") -> Any:
    return SimpleNamespace(seed=seed, primary_value=value, ended_at=ended_at, status=status)


@pytest.mark.parametrize(
    ("views", "shown"),
    [
        ([_view(0, 2.0)], "2"),
        ([_view(0, 2.0), _view(1, 4.0)], "3 ± 1.4"),
        ([_view(0, 3.0, 2.0), _view(0, 2.0, 1.0)], "3"),  # one seed in two environments: the newer, and no spread
        ([_view(0, 2.0), _view(1, None, status="failed")], "2 (1 missing)"),
        ([_view(0, None, status="incompatible")], "n/a"),
        ([_view(0, float("nan"), status="failed")], "failed"),
    ],
    ids=["one", "two seeds", "same seed twice", "one failed", "incompatible", "not a number"],
)
def test_cell(views: list[Any], shown: str) -> None:
    assert _cell(views) == shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), ("2,1", 2), ("", usable_cores()), ("all", usable_cores()), ("0", usable_cores())],
    ids=["3", "nested", "empty", "word", "zero"],
)
def test_one_run_honours_omp_num_threads(monkeypatch: pytest.MonkeyPatch, value: str, expected: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads_for_one_run() == expected
