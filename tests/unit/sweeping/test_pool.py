"""A fresh process for each job; what one job does harms no other."""

from __future__ import annotations

import importlib
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.sweeping.jobs import Job, Outcome, Surroundings
from harness.sweeping.pool import NOT_STARTED, Event, Pool

TARGET = """
import os, signal, time
from harness.sweeping.jobs import Outcome

seen = []

def target(job, surroundings, connection, log):
    log.write_text(f"last words of {job.label}")
    seen.append(job.label)
    if job.kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.kind == "quits":
        os._exit(7)
    if job.kind == "sleeps":
        connection.send((0.5, str(os.getpid())))
        time.sleep(600)
    if job.kind == "fails":
        connection.send(Outcome("failed", "on purpose", "a traceback"))
        return
    connection.send((0.5, " ".join(seen)))
    connection.send(Outcome("done"))
"""


@pytest.fixture
def pool(site: Any, tmp_path: Path) -> Any:
    site.install("targets", {}, {"pool_targets.py": TARGET})
    target = importlib.import_module("pool_targets").target
    surroundings = Surroundings(tmp_path, dict(os.environ), None, tmp_path / "results", 1)
    return lambda workers: Pool(workers, surroundings, target)


def _job(label: str, kind: str = "works", needs: tuple[str, ...] = ()) -> Job:
    return Job(kind, label, {}, needs=needs)


def _outcomes(events: list[Event]) -> dict[str, Outcome]:
    return {event.job.label: event.outcome for event in events if event.outcome is not None}


def test_jobs_are_done_in_processes_of_their_own(pool: Any) -> None:
    events = list(pool(2).run([_job("a"), _job("b"), _job("c")]))
    assert {label: outcome.status for label, outcome in _outcomes(events).items()} == dict.fromkeys("abc", "done")
    said = {event.job.label: event.text for event in events if event.fraction == 0.5}
    assert said == {"a": "a", "b": "b", "c": "c"}  # no job sees what another left


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("killed", "died", r"killed by SIGKILL \(out of memory\?\)"),
        ("quits", "died", "ended with code 7"),
        ("fails", "failed", "on purpose"),
    ],
)
def test_a_job_that_ends_badly_is_reported_and_the_others_go_on(pool: Any, kind: str, status: str, error: str) -> None:
    import re

    outcomes = _outcomes(list(pool(1).run([_job("bad", kind), _job("good")])))
    assert outcomes["good"].status == "done"
    assert outcomes["bad"].status == status
    assert re.search(error, outcomes["bad"].error)
    assert outcomes["bad"].log_tail == "last words of bad"


def test_a_job_waits_for_its_needs_and_shares_their_failure(pool: Any) -> None:
    jobs = [_job("run 1", needs=("data 1",)), _job("run 2", needs=("data 2",)), _job("data 1"), _job("data 2", "fails")]
    events = list(pool(2).run(jobs))
    order = [(event.job.label, event.outcome is not None) for event in events if event.fraction == 0.0]
    assert order.index(("data 1", True)) < order.index(("run 1", False))
    assert _outcomes(events)["run 1"].status == "done"
    ended = next(event for event in events if event.job.label == "run 2")
    assert ended.text == NOT_STARTED
    assert ended.outcome is not None
    assert ended.outcome.error == "on purpose"


def test_closing_the_events_ends_the_workers(pool: Any) -> None:
    with closing(pool(1).run([_job("a", "sleeps"), _job("b")])) as events:
        pid = next(int(event.text) for event in events if event.fraction == 0.5)
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
