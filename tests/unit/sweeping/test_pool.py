"""A fresh process for each job; what one job does harms no other."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.sweeping.jobs import NOT_STARTED, WAITING, Job, JobEvent, JobOutcome
from harness.sweeping.launchers import worker_process
from harness.sweeping.launchers.local import LocalLauncher
from harness.sweeping.launchers.worker_context import WorkerContext
from harness.sweeping.launchers.worker_process import WorkerProcess
from harness.sweeping.limits import Limits
from harness.sweeping.pool import Pool

TARGET = """
import os, signal, time
from harness.sweeping.jobs import JobOutcome

seen = []

def target(job, context, connection, log):
    log.write_text(f"last words of {job.key}")
    seen.append(job.key)
    if job.kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.kind == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job.kind == "quits":
        os._exit(7)
    if job.kind == "raises":
        raise MemoryError
    if job.kind == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if job.kind == "greedy":
        block = bytearray(300 * 2**20)
        block[::4096] = b"x" * len(block[::4096])
    if job.kind == "parent":
        os.setpgid(0, 0)
        child = os.fork() or signal.pause()
        connection.send((0.5, str(child)))
        os.kill(os.getpid(), signal.SIGKILL)
    if job.kind == "obeys":
        signal.signal(signal.SIGTERM, lambda number, frame: (connection.send(JobOutcome("interrupted")), os._exit(0)))
    if job.kind in ("sleeps", "deaf", "greedy", "obeys"):
        connection.send((0.5, str(os.getpid())))
        time.sleep(600)
    if job.kind == "fails":
        connection.send(JobOutcome("failed", "on purpose", "a traceback"))
        return
    connection.send((0.5, " ".join(seen)))
    connection.send(JobOutcome("done"))
"""


@pytest.fixture
def pool(site: Any, tmp_path: Path) -> Any:
    site.install("targets", {}, {"pool_targets.py": TARGET})
    target = importlib.import_module("pool_targets").target
    context = WorkerContext.here(None, tmp_path / "results")
    with ExitStack() as pools:
        yield lambda workers, **options: pools.enter_context(
            _Pool(LocalLauncher(context, target=target), workers, **options)
        )


class _Pool(Pool):
    """A pool that keeps what it tells."""

    def __init__(self, launcher: LocalLauncher, workers: int, **options: Any) -> None:
        self.told: list[JobEvent] = []
        super().__init__(launcher, workers, self.told.append, **options)

    def taken(self) -> list[JobEvent]:
        """What it has told since the last call, after another look."""
        self.poll(0.5)
        told, self.told[:] = list(self.told), []
        return told


def _run(pool: _Pool, *jobs: Job) -> list[JobEvent]:
    pool.submit(*jobs)
    return list(_until_idle(pool))


def _until_idle(pool: _Pool) -> Iterator[JobEvent]:
    """Events one by one; those that came together with the last one taken stay for whoever looks next."""
    while pool.told or not pool.idle:
        if pool.told:
            yield pool.told.pop(0)
        else:
            pool.poll(0.5)


def _job(key: str, kind: str = "works", needs: tuple[str, ...] = ()) -> Job:
    return Job(kind, key, "alike", {}, needs=needs)  # jobs are known by their keys, whatever people call them


def _outcomes(events: list[JobEvent]) -> dict[str, JobOutcome]:
    return {event.job.key: event.outcome for event in events if event.outcome is not None}


def test_jobs_are_done_in_processes_of_their_own(pool: Any) -> None:
    events = _run(pool(2), _job("a"), _job("b"), _job("c"))
    assert {label: outcome.status for label, outcome in _outcomes(events).items()} == dict.fromkeys("abc", "done")
    said = {event.job.key: event.text for event in events if event.fraction == 0.5}
    assert said == {"a": "a", "b": "b", "c": "c"}  # no job sees what another left


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("killed", "died", r"killed by SIGKILL \(out of memory\?\)"),
        ("crashes", "died", "killed by SIGSEGV"),
        ("quits", "died", "ended with code 7"),
        ("raises", "died", "ended with code 1"),
        ("fails", "failed", "on purpose"),
    ],
)
def test_a_job_that_ends_badly_is_reported_and_the_others_go_on(pool: Any, kind: str, status: str, error: str) -> None:
    outcomes = _outcomes(_run(pool(1), _job("bad", kind), _job("good")))
    assert outcomes["good"].status == "done"
    assert outcomes["bad"].status == status
    assert re.search(error, outcomes["bad"].error)
    assert outcomes["bad"].log_tail == "last words of bad"


def test_a_job_waits_for_its_needs_and_shares_their_failure(pool: Any) -> None:
    jobs = [_job("run 1", needs=("data 1",)), _job("run 2", needs=("data 2",)), _job("data 1"), _job("data 2", "fails")]
    events = _run(pool(2), *jobs)
    order = [(event.job.key, event.outcome is not None) for event in events if event.fraction == 0.0]
    assert order.index(("data 1", True)) < order.index(("run 1", False))
    assert _outcomes(events)["run 1"].status == "done"
    ended = next(event for event in events if event.job.key == "run 2")
    assert ended.text == NOT_STARTED
    assert ended.outcome is not None
    assert ended.outcome.error == "on purpose"


def _next(pool: _Pool) -> JobEvent:
    """The next event that tells something that the job said."""
    return next(event for event in _until_idle(pool) if event.text or event.outcome is not None if not _starts(event))


def _starts(event: JobEvent) -> bool:
    return event.text == "starting" and event.outcome is None


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_closing_the_pool_ends_the_workers(pool: Any) -> None:
    opened = pool(1, grace_s=0.0)
    opened.submit(_job("a", "sleeps"), _job("b"))
    pid = int(_next(opened).text)
    assert _alive(pid)
    opened.close()
    assert not _alive(pid)
    assert opened.idle


class _Clock:
    """The time as a worker's parent reads it, put forward by the test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@pytest.mark.parametrize(
    ("kind", "limits", "error"),
    [
        ("sleeps", Limits(time_s=3600.0), r"time limit of 1 h exceeded after 2 h.*"),
        ("obeys", Limits(time_s=3600.0), r"time limit of 1 h exceeded after 2 h.*"),
        ("greedy", Limits(memory_bytes=250 * 2**20), r"memory limit of 250 MiB exceeded: used \d+ MiB after .*"),
        ("deaf", Limits(time_s=3600.0), r"time limit of 1 h exceeded after 2 h.*"),
    ],
)
def test_a_job_beyond_its_limits_is_stopped_and_the_others_go_on(
    pool: Any, monkeypatch: pytest.MonkeyPatch, kind: str, limits: Limits, error: str
) -> None:
    clock = _Clock()
    monkeypatch.setattr(worker_process, "time", clock)
    opened = pool(1, grace_s=0.2)
    opened.submit(replace(_job("over", kind), limits=limits), _job("good"))
    events = []
    for event in _until_idle(opened):
        events.append(event)
        if event.fraction == 0.5:  # the job has begun
            clock.ahead = 7200.0
    outcomes = _outcomes(events)
    assert outcomes["good"].status == "done"
    assert outcomes["over"].status == "failed"
    assert outcomes["over"].over_limit
    assert re.fullmatch(error, outcomes["over"].error)
    assert outcomes["over"].log_tail == "last words of over"


def test_a_job_within_its_limits_is_left_alone(pool: Any) -> None:
    limits = Limits(time_s=3600, memory_bytes=2**40)
    assert _outcomes(_run(pool(1), replace(_job("a"), limits=limits)))["a"].status == "done"


class _FakeProcess:
    pid, sentinel, told = os.getpid(), None, 0

    def terminate(self) -> None:
        self.told += 1


def test_the_time_of_a_job_that_waits_for_the_machine_does_not_run(tmp_path: Path) -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = _FakeProcess()
    worker = WorkerProcess(replace(_job("a"), limits=Limits(time_s=0.0)), process, receiver, tmp_path / "log")
    sender.send((0.0, WAITING))
    assert list(worker.read()) == [(0.0, WAITING)]
    worker.watch(60.0)
    assert process.told == 0
    assert worker.seconds_to_deadline() > 1e9
    sender.send((0.0, "starting"))
    assert list(worker.read()) == [(0.0, "starting")]
    assert worker.seconds_to_deadline() == 0.0
    worker.watch(60.0)
    worker.watch(60.0)
    assert process.told == 1  # a second signal would end it before its checkpoint is written
    receiver.close()
    sender.close()


def test_workers_that_are_told_to_stop_say_how_they_ended(pool: Any) -> None:
    opened = pool(2)
    opened.submit(_job("a", "obeys"), _job("b", "obeys"), _job("c"))
    ready = [_next(opened), _next(opened)]
    assert all(_alive(int(event.text)) for event in ready)
    opened.stop()
    outcomes = _outcomes(list(_until_idle(opened)))
    assert {label: outcome.status for label, outcome in outcomes.items()} == {"a": "interrupted", "b": "interrupted"}


def test_workers_that_do_not_stop_are_killed_when_told_so(pool: Any) -> None:
    opened = pool(1, grace_s=3600.0)
    opened.submit(_job("a", "deaf"))
    pid = int(_next(opened).text)
    opened.stop()
    assert opened.taken() == []
    opened.kill()
    assert _outcomes(list(_until_idle(opened)))["a"].status == "interrupted"
    assert not _alive(pid)


def test_what_a_dead_worker_had_started_ends_with_it(pool: Any) -> None:
    events = _run(pool(1), _job("a", "parent"))
    child = next(int(event.text) for event in events if event.fraction == 0.5)
    assert _outcomes(events)["a"].status == "died"
    with suppress(psutil.Error):  # it may be gone already, or go in this moment
        psutil.Process(child).wait(60)
    assert not _alive(child)


def test_a_job_that_must_be_alone_runs_alone(pool: Any) -> None:
    jobs = [_job("data"), replace(_job("a"), lock="alone"), replace(_job("b"), lock="alone"), _job("c"), _job("d")]
    running: set[str] = set()
    opened = pool(3)
    opened.submit(*jobs)
    for event in _until_idle(opened):
        if _starts(event):
            running.add(event.job.key)
        if event.outcome is not None:
            running.remove(event.job.key)
        if running & {"a", "b"}:
            assert len(running) == 1, f"beside a job that must be alone: {running}"


def test_a_job_can_be_ended_in_the_moment_before_it_starts(pool: Any) -> None:
    said = {"a": JobOutcome("done"), "b": JobOutcome("elsewhere")}
    events = _run(pool(1, before=lambda job: said.get(job.key)), _job("a"), _job("b"), _job("c", needs=("a",)))
    outcomes = _outcomes(events)
    assert (outcomes["a"].status, outcomes["b"].status) == ("done", "elsewhere")
    assert outcomes["c"].status == "done"
    assert [event.text for event in events if event.job.key in said] == [NOT_STARTED, NOT_STARTED]


# Told by its id: what a process executes cannot be read in the moment in which it starts.
INTERRUPTED = """
import os, signal
from multiprocessing.forkserver import _forkserver
from harness.sweeping.launchers.forkserver import ready_to_fork

context = ready_to_fork()
os.kill(_forkserver._forkserver_pid, signal.SIGINT)
process = context.Process(target=os._exit, args=(3,))
process.start()
process.join()
print(process.exitcode, os.environ.get("OMP_NUM_THREADS"), signal.getsignal(signal.SIGINT).__name__)
"""


@pytest.mark.parametrize("threads", ["5", pytest.param(None, marks=pytest.mark.exhaustive)])
def test_the_process_that_forks_is_deaf_to_ctrl_c_while_it_imports_and_changes_nothing_here(
    threads: str | None,
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {"OMP_NUM_THREADS": threads} if threads else {}
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["3", str(threads), "default_int_handler"]
    assert not done.stderr


FORKING = """
import os
import psutil
from multiprocessing.forkserver import _forkserver
from harness.sweeping.launchers.forkserver import _forking_processes, forking, ready_to_fork

{before}
try:
    with forking():
        server = psutil.Process(_forkserver._forkserver_pid)
        raise KeyError
except KeyError:
    {after}
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "print(int(server.wait(60)))", "-15"),
        (
            "context = ready_to_fork()",
            "process = context.Process(target=os._exit, args=(3,)); process.start(); process.join(); "
            "print(process.exitcode, _forking_processes() == {server})",
            "3 True",
        ),
    ],
    ids=["started by it", "ran before"],
)
def test_the_process_that_forks_ends_with_its_block_where_it_began_with_it(before: str, after: str, said: str) -> None:
    command = [sys.executable, "-c", FORKING.format(before=before, after=after)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said
