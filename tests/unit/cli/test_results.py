"""Cells of a sweep's table: means over seeds, each seed once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_up_results import finish, plan_of

from harness.cli.results import _cell, primary_figure, print_run
from harness.runtime import threads_for_one_run, usable_cores
from harness.store import Store, query


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
        ([_view(0, None)], "no value (1 of 1 not finite)"),
        ([_view(0, 2.0), _view(1, None), _view(2, float("inf"))], "no value (2 of 3 not finite)"),
    ],
    ids=["one", "two seeds", "same seed twice", "one failed", "incompatible", "failed", "NaN", "NaN and infinite"],
)
def test_cell(views: list[Any], shown: str) -> None:
    assert _cell(views) == shown


def test_a_run_without_a_value_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of("translation", "lstm")
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        finish(store, plan, value=float("nan"))
        view = query.run(store, plan.key)
    assert primary_figure(view) == "bleu no value (NaN)"
    print_run(view)
    out = " ".join(capsys.readouterr().out.split())
    assert "test/bleu no value (NaN)" in out
    assert "The primary metric bleu is no finite number: in comparisons this run counts as diverged" in out


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), ("2,1", 2), ("", usable_cores()), ("all", usable_cores()), ("0", usable_cores())],
    ids=["3", "nested", "empty", "word", "zero"],
)
def test_one_run_honours_omp_num_threads(monkeypatch: pytest.MonkeyPatch, value: str, expected: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads_for_one_run() == expected
