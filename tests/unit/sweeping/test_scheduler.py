"""What a sweep makes of its cells when other sweeps work on them too, and when workers end badly."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.config import expand
from harness.store import Store
from harness.store.query import run as find_run
from harness.store.records import EnvironmentRecord, RunSummary
from harness.sweeping.estimates import Estimates
from harness.sweeping.jobs import NOT_STARTED, Job, JobEvent, JobOutcome, run_job
from harness.sweeping.ledger import with_states
from harness.sweeping.planning import PlannedRun, plan_cells
from harness.sweeping.scheduler import SweepScheduler
from harness.sweeping.sweep_display import SweepDisplay

HERE = EnvironmentRecord("here", {})
SUMMARY = RunSummary({"test/score": 1.5}, 1.5, 1, 1, {}, 12.0, 1.0)


class Jobs:
    """Takes the jobs that a course hands to its pool."""

    def __init__(self) -> None:
        self.taken: list[Job] = []

    def submit(self, *jobs: Job) -> None:
        self.taken += jobs


@pytest.fixture
def store(tmp_path: Path, site: Any) -> Iterator[Store]:
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    with Store.open(f"sqlite:///{tmp_path}/course.db") as opened:
        yield opened


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def course(store: Store, printed: io.StringIO) -> Any:
    """Makes the course of a sweep over seeds 0, 1, ... with what the store knows at that moment."""

    def make(seeds: str = "0", retry: tuple[str, ...] = ()) -> tuple[SweepScheduler, list[PlannedRun]]:
        planned = with_states(_cells(seeds), store, "here", retry)
        display = SweepDisplay(console=Console(file=printed, width=200))
        display.begin(planned, Estimates)
        return SweepScheduler(
            [run for run in planned if run.state in ("ready", "running")], store, HERE, display
        ), planned

    return make


def _cells(seeds: str) -> list[PlannedRun]:
    return plan_cells(expand(["task=counting", "model=small", f"seed={seeds}"]))


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def _job(run: PlannedRun) -> Job:
    return run_job(run)


def test_a_cell_that_another_process_took_meanwhile_is_not_started(course: Any, store: Store) -> None:
    swept, (mine, taken, finished, failed) = course("0,1,2,3")
    store.start(taken.plan, HERE, owner_pid=os.getpid())
    store.finish(store.start(finished.plan, HERE, owner_pid=os.getpid()), SUMMARY, [], [])
    store.fail(store.start(failed.plan, HERE, owner_pid=os.getpid()), "why", "", "")
    assert swept.before(_job(mine)) is None
    assert swept.before(_job(taken)).status == "elsewhere"
    assert swept.before(_job(finished)).status == "done"
    said = swept.before(_job(failed))
    assert (said.status, said.error) == ("failed", "why")


def test_a_cell_that_failed_before_is_tried_again_where_told_to(course: Any, store: Store) -> None:
    (run,) = _cells("0")
    store.fail(store.start(run.plan, HERE, owner_pid=os.getpid()), "why", "", "")
    swept, (run,) = course("0", retry=("failed",))
    assert swept.before(_job(run)) is None


def test_cells_of_another_sweep_are_waited_for(course: Any, store: Store, printed: io.StringIO) -> None:
    first, second = _cells("0,1")
    rows = [store.start(run.plan, HERE, owner_pid=os.getpid()) for run in (first, second)]
    swept, _ = course("0,1")
    assert swept.jobs() == []
    assert len(swept.elsewhere) == 2
    pool = Jobs()
    swept.look_elsewhere(pool)
    assert len(swept.elsewhere) == 2
    store.finish(rows[0], SUMMARY, [], [])
    store.fail(rows[1], "why", "", "")
    swept._next_look = 0.0
    swept.look_elsewhere(pool)
    assert len(swept.elsewhere) == 0
    assert pool.taken == []
    assert {key: outcome.status for key, outcome in swept.outcomes.items()} == {
        first.plan.key: "done",
        second.plan.key: "failed",
    }
    assert "counting × small, seed 0: score 1.5 points, 12 s (by another process)" in printed.getvalue()
    assert "counting × small, seed 1: failed: why" in printed.getvalue()


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "died"])
def test_a_cell_that_another_sweep_leaves_is_taken_over(course: Any, store: Store, stopped: bool) -> None:
    (run,) = _cells("0")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        row = store.start(run.plan, HERE, owner_pid=other.pid)
        swept, (run,) = course("0")
        if stopped:
            store.interrupt(row)
        else:
            other.kill()
            other.wait()
        pool = Jobs()
        swept.look_elsewhere(pool)
        other.kill()
    assert [job.kind for job in pool.taken] == ["prepare", "run"]
    assert pool.taken[1].needs == (pool.taken[0].key,)
    assert len(swept.elsewhere) == 0


def test_a_worker_that_found_its_cell_taken_leaves_it_for_later(course: Any, store: Store) -> None:
    swept, (run,) = course("0")
    row = store.start(run.plan, HERE, owner_pid=os.getpid())
    swept.take(JobEvent(_job(run), outcome=JobOutcome("elsewhere", "already running")))
    assert len(swept.elsewhere) == 1
    assert swept.outcomes == {}
    store.finish(row, SUMMARY, [], [])
    swept.look_elsewhere(Jobs())
    assert swept.outcomes[run.plan.key].status == "done"


@pytest.mark.parametrize(
    "outcome",
    [
        JobOutcome("died", "the worker process was killed by SIGKILL (out of memory?)", log_tail="last words"),
        JobOutcome("failed", "time limit of 30 min exceeded after 30 min", log_tail="last words", over_limit=True),
    ],
    ids=["died", "over limit"],
)
def test_what_a_run_could_not_enter_itself_is_entered(
    course: Any, store: Store, dead: int, outcome: JobOutcome
) -> None:
    swept, (run,) = course("0")
    row = store.start(run.plan, HERE, owner_pid=dead)
    if outcome.over_limit:
        store.interrupt(row)
    swept.take(JobEvent(_job(run), outcome=outcome))
    view = find_run(store, run.plan.key)
    assert (view.status, view.reason, view.log_tail, view.attempts) == ("failed", outcome.error, "last words", 1)
    assert swept.outcomes[run.plan.key] == outcome


def test_a_run_whose_data_failed_is_entered_as_failed(course: Any, store: Store, printed: io.StringIO) -> None:
    swept, (run,) = course("0")
    swept.take(JobEvent(_job(run), text=NOT_STARTED, outcome=JobOutcome("failed", "no \x1b[31mnetwork", "traceback")))
    view = find_run(store, run.plan.key)
    assert (view.status, view.reason, view.traceback) == ("failed", "no \x1b[31mnetwork", "traceback")
    assert "\x1b" not in printed.getvalue()


def test_a_second_failure_before_the_run_could_enter_itself_replaces_the_first_ones_reason(
    course: Any, store: Store
) -> None:
    (run,) = _cells("0")
    store.fail(store.start(run.plan, HERE, owner_pid=os.getpid()), "no network", "", "")
    swept, (run,) = course("0", retry=("failed",))
    swept.take(JobEvent(_job(run), outcome=JobOutcome("failed", "the disk is full", "traceback")))
    view = find_run(store, run.plan.key)
    assert (view.status, view.reason, view.attempts) == ("failed", "the disk is full", 2)


def test_a_failure_that_the_run_entered_itself_is_not_entered_again(course: Any, store: Store) -> None:
    swept, (run,) = course("0")
    store.fail(store.start(run.plan, HERE, owner_pid=os.getpid()), "diverged", "", "")
    swept.take(JobEvent(_job(run), outcome=JobOutcome("failed", "diverged")))
    assert find_run(store, run.plan.key).attempts == 1


@pytest.mark.parametrize("status", ["died", "failed", "interrupted"])
def test_a_run_that_another_sweep_has_by_now_is_not_touched(course: Any, store: Store, status: str) -> None:
    swept, (run,) = course("0")
    store.start(run.plan, HERE, owner_pid=os.getpid())
    swept.take(JobEvent(_job(run), outcome=JobOutcome(status, "why")))
    assert find_run(store, run.plan.key).status == "running"
    assert len(swept.elsewhere) == 1


def test_a_run_that_finished_in_the_moment_in_which_it_was_stopped_is_finished(course: Any, store: Store) -> None:
    swept, (run,) = course("0")
    store.finish(store.start(run.plan, HERE, owner_pid=os.getpid()), SUMMARY, [], [])
    swept.take(JobEvent(_job(run), outcome=JobOutcome("failed", "time limit", over_limit=True)))
    assert swept.outcomes[run.plan.key].status == "done"


def test_a_run_whose_process_was_killed_on_request_is_entered_as_interrupted(
    course: Any, store: Store, dead: int
) -> None:
    swept, (run,) = course("0")
    store.start(run.plan, HERE, owner_pid=dead)
    swept.take(JobEvent(_job(run), outcome=JobOutcome("interrupted", "stopped")))
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT status FROM runs").scalar() == "interrupted"
