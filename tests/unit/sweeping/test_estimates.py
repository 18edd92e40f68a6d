"""How long cells are expected to take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.config import expand
from harness.store import Store
from harness.store.records import EnvironmentRecord, RunSummary
from harness.sweeping.estimates import Estimates
from harness.sweeping.planning import PlannedRun, plan_cells

HERE, THERE = EnvironmentRecord("here", {}), EnvironmentRecord("there", {})


@pytest.fixture
def store(tmp_path: Path, site: Any) -> Iterator[Store]:
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    site.model("large")
    with Store.open(f"sqlite:///{tmp_path}/estimates.db") as opened:
        yield opened


def _cells(*words: str) -> list[PlannedRun]:
    return plan_cells(expand(["task=counting", "model=small", *words]))


def _finished(store: Store, run: PlannedRun, seconds: float, environment: EnvironmentRecord = HERE) -> None:
    summary = RunSummary({"test/score": 1.0}, 1.0, 1, 1, {}, seconds, 1.0)
    store.finish(store.start(run.plan, environment, owner_pid=1), summary, [], [])


def test_the_median_of_runs_of_the_same_task_model_and_budget_speaks(store: Store) -> None:
    cells = _cells("seed=range(5)")
    for run, seconds in zip(cells, (10.0, 12.0, 90.0), strict=False):
        _finished(store, run, seconds)
    _finished(store, _cells("seed=0", "budget=epochs:90")[0], 1000.0)
    estimates = Estimates.from_store(store, cells, "here")
    assert estimates.of(cells[4]) == 12.0
    assert Estimates.from_store(store, _cells("budget=steps:7"), "here").of(_cells("budget=steps:7")[0]) is None
    (large,) = plan_cells(expand(["task=counting", "model=large"]))
    assert estimates.of(large) is None


def test_times_of_another_environment_count_where_this_one_has_none(store: Store) -> None:
    first, second, third = _cells("seed=0,1,2")
    _finished(store, first, 40.0, THERE)
    assert Estimates.from_store(store, [third], "here").of(third) == 40.0
    _finished(store, second, 20.0, HERE)
    assert Estimates.from_store(store, [third], "here").of(third) == 20.0


def test_without_a_store_nothing_is_known_until_the_first_cell_has_ended(store: Store) -> None:
    first, second = _cells("seed=0,1")
    estimates = Estimates.from_store(None, [first, second], "here")
    assert estimates.remaining([second], [(first, 3.0, 0.0)], 1) is None
    estimates.add(first, 8.0)
    assert estimates.remaining([second], [], 1) == 8.0


def test_cells_are_spread_over_the_workers(store: Store) -> None:
    estimates, cells = Estimates(), _cells("seed=range(4)")
    estimates.add(cells[0], 10.0)
    assert estimates.remaining(cells, [], 1) == 40.0
    assert estimates.remaining(cells, [], 2) == 20.0
    assert estimates.remaining(cells, [], 3) == 20.0
    assert estimates.remaining([], [], 3) == 0.0


def test_a_running_cell_is_judged_by_its_progress_once_there_is_some(store: Store) -> None:
    estimates, (first, second) = Estimates(), _cells("seed=0,1")
    estimates.add(first, 10.0)
    assert estimates.remaining([], [(first, 4.0, 0.05)], 1) == 6.0
    assert estimates.remaining([], [(first, 4.0, 0.5)], 1) == pytest.approx(4.0)
    assert estimates.remaining([], [(first, 30.0, 0.0)], 1) == 0.0
    assert estimates.remaining([second], [(first, 4.0, 0.5)], 1) == pytest.approx(14.0)


def test_cells_of_which_nothing_is_known_count_as_the_others_do_on_average(store: Store) -> None:
    (small,), (large,) = _cells(), plan_cells(expand(["task=counting", "model=large"]))
    estimates = Estimates()
    estimates.add(small, 10.0)
    assert estimates.remaining([small, large], [], 1) == 20.0
    assert estimates.remaining([small, large, large, large], [], 1) is None
