"""What a launcher must be, whichever it is; and the one that runs cells in this process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.config import expand
from harness.errors import ConfigError
from harness.store import Store
from harness.store.query import run as find_run
from harness.store.query import runs
from harness.sweeping import worker
from harness.sweeping.jobs import WAITING, JobEvent, run_job
from harness.sweeping.planning import PlannedRun, plan_cells
from harness.sweeping.run_display import RunDisplay
from harness.sweeping.sweep import launcher_of, run_cells, run_one
from harness.sweeping.sweep_display import SweepDisplay


@pytest.fixture
def store(tmp_path: Path, site: Any) -> Iterator[Store]:
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    with Store.open(f"sqlite:///{tmp_path}/launchers.db") as opened:
        yield opened


def _cells(*words: str) -> list[PlannedRun]:
    return plan_cells(expand(["task=counting", "model=small", *words]))


def _inline(store: Store, folder: Path, planned: list[PlannedRun]) -> Any:
    return run_cells(planned, store, folder, SweepDisplay(quiet=True), launcher="inline")


def test_cells_that_people_call_alike_are_told_apart_by_their_keys(store: Store, tmp_path: Path) -> None:
    small, large = _cells("model.hidden_size=4,8")
    assert small.label == large.label
    result = _inline(store, tmp_path, [small, large])
    assert set(result.outcomes) == {small.plan.key, large.plan.key}
    assert {view.key for view in runs(store, status="failed")} == {small.plan.key, large.plan.key}


def test_a_cell_that_fails_in_this_process_leaves_the_others_and_its_error(store: Store, tmp_path: Path) -> None:
    first, second = _cells("seed=0,1")
    result = _inline(store, tmp_path, [first, second])
    assert all(isinstance(outcome.raised, NotImplementedError) for outcome in result.outcomes.values())
    view = find_run(store, first.plan.key)
    assert (view.status, view.attempts, view.reason) == ("failed", 1, "NotImplementedError:")
    assert _inline(store, tmp_path, [first, second]).outcomes == {}  # a sweep does not try again of itself
    run_one(first, store, tmp_path, SweepDisplay(quiet=True))
    assert find_run(store, first.plan.key).attempts == 2  # who runs it by name, does


def test_a_stop_in_this_process_ends_the_sweep(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _cells("seed=0,1")

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_do", stopped)
    with pytest.raises(KeyboardInterrupt):
        _inline(store, tmp_path, [first, second])
    assert {view.status for view in runs(store)} == {"planned"}


def test_a_run_that_another_process_has_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    import os

    from harness.measure.environment import measure_environment

    (run,) = _cells()
    store.start(run.plan, measure_environment("cpu", 1), owner_pid=os.getpid())
    result = run_one(run, store, tmp_path, SweepDisplay(quiet=True))
    assert result.elsewhere == (run.plan.key,)
    assert result.outcomes == {}


def test_limits_need_a_launcher_that_watches_them() -> None:
    (run,) = _cells("limits.time=30m")
    assert launcher_of([run], "local") == "local"
    with pytest.raises(ConfigError, match=r"launcher=inline has no other.*launcher=local"):
        launcher_of([run], "inline")
    (told,) = _cells("limits.time=30m", "launcher=local")
    assert launcher_of([told], "inline") == "local"
    assert "launcher" not in told.plan.command
    assert told.plan.key == run.plan.key


def test_cells_of_a_sweep_have_one_launcher() -> None:
    with pytest.raises(ConfigError, match="launcher is inline and local in cells of one sweep"):
        launcher_of([*_cells("launcher=inline"), *_cells("launcher=local", "seed=1")], "local")
    with pytest.raises(ConfigError, match="launcher='rocket' does not exist; choose one of: inline, local"):
        _cells("launcher=rocket")


@pytest.fixture(autouse=True)
def _plugins(store: Store) -> None:
    """All tests plan cells of the plug-ins that `store` brings."""


def test_a_single_run_says_once_that_it_waits_for_the_machine() -> None:
    (run,) = _cells()
    out = io.StringIO()
    display = RunDisplay(Console(file=out, width=160))
    for text in (WAITING, WAITING, "starting"):
        display.update(JobEvent(run_job(run), text=text), run)
    assert out.getvalue() == "Waiting for another exclusive run of this machine to end.\n"
