"""A pool of worker processes: a fresh process for every job, forked from one that has torch loaded.

A fresh process leaks no state into the next job, and a job that is killed takes nothing else with it.

Workers are not bound to cores: on a quiet machine that gained 0 to 2 % (two trainings of one thread on two cores), and
where something else is busy a bound worker cannot move away.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from harness.errors import PluginError
from harness.sweeping.jobs import ALONE, Job, JobOutcome, WorkerContext
from harness.sweeping.worker import GRACE_S, work
from harness.sweeping.worker_process import WorkerProcess

PRELOAD = ("harness.sweeping.preload", "harness.cli.main")
"""Loaded once before workers are forked; the second because workers load the console script's module again."""

NOT_STARTED = "not started"
"""Text of the event with which a job ends that was not started: its need failed, or `before` said so."""


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job: it started, went on, or ended (then `outcome` is set)."""

    job: Job
    fraction: float = 0.0
    text: str = ""
    outcome: JobOutcome | None = None


def ready_to_fork(threads: int = 1) -> Any:
    """Start the process that forks workers, unless it runs; it imports what they need while the caller goes on.

    Args:
        threads: that the libraries which it loads start with; each run sets its own.

    Returns:
        The context of multiprocessing whose processes are its children.

    Raises:
        PluginError: a module that it is to import does not exist.
    """
    for name in PRELOAD:
        if importlib.util.find_spec(name) is None:  # multiprocessing would silently ignore the name
            raise PluginError(f"The module '{name}' is missing: the installation is incomplete.")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    with _inherited(threads):
        forkserver.ensure_running()
    return context


@contextmanager
def forking() -> Iterator[None]:
    """For a block that composes and runs jobs: the process that forks workers starts with it, and ends with it.

    It holds the command's standard output open, so who reads that would else wait until its imports are done, also
    where there was nothing to run. One that ran before stays.
    """
    before = _forking_processes()
    ready_to_fork()
    try:
        yield
    finally:
        for process in _forking_processes() - before:
            with suppress(psutil.Error):
                process.terminate()


def _forking_processes() -> set[psutil.Process]:
    """Children that fork workers, by what multiprocessing has them execute."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if any("multiprocessing.forkserver" in word for word in child.cmdline()):
                found.add(child)
    return found


@contextmanager
def _inherited(threads: int) -> Iterator[None]:
    """What a process that is started in the block gets from this one: its threads, and deafness to Ctrl-C.

    Ctrl-C is the sweep's to hear, and a process that imports would end with a traceback.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    main = threading.current_thread() is threading.main_thread()  # only there may handlers be changed
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


class Pool:
    """Runs jobs in up to `workers` processes. Close it, or use it in a `with` block: workers are stopped then.

    Args:
        workers: processes at a time.
        surroundings: see there.
        target: what a worker process calls; a function of a module that can be imported.
        before: asked about every job in the moment in which it would be started; an outcome ends it without that.
        grace_s: seconds that a worker which was told to stop has for its checkpoint before it is killed.
    """

    def __init__(
        self,
        workers: int,
        surroundings: WorkerContext,
        target: Callable[..., None] = work,
        *,
        before: Callable[[Job], JobOutcome | None] = lambda job: None,
        grace_s: float = GRACE_S,
    ) -> None:
        self.workers = max(1, workers)
        self._surroundings, self._target, self._before, self._grace_s = surroundings, target, before, grace_s
        self._context = ready_to_fork(surroundings.threads)
        self._waiting: list[Job] = []
        self._running: list[WorkerProcess] = []
        self._done: dict[str, JobOutcome] = {}
        self._stopping = False
        self._logs = tempfile.TemporaryDirectory(prefix="harness-workers-")

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def idle(self) -> bool:
        """Whether there is nothing left to do."""
        return not self._waiting and not self._running

    @property
    def waiting(self) -> list[Job]:
        """Jobs that have not been started."""
        return list(self._waiting)

    def submit(self, *jobs: Job) -> None:
        """Take jobs on, to be started in this order as soon as there is room and their needs are done.

        A job whose need failed is not started: it ends with the outcome of that need.
        """
        for job in jobs:
            self._done.pop(job.label, None)
            self._waiting.append(job)

    def poll(self, timeout: float) -> Iterator[JobEvent]:
        """Start what can be started, wait until something happens or the time is over, and say what happened."""
        yield from self._start_ready()
        handles: dict[Any, WorkerProcess] = {h: worker for worker in self._running for h in worker.handles()}
        if not handles:
            return
        pause = min([timeout, *(worker.seconds_to_deadline() for worker in self._running)])
        wait(list(handles), max(0.0, pause))
        for worker in list(self._running):
            for fraction, text in worker.read():
                yield JobEvent(worker.job, fraction, text)
            worker.watch(self._grace_s)
            if worker.ended():
                self._running.remove(worker)
                outcome = worker.close(self._stopping)
                self._done[worker.job.label] = outcome
                yield JobEvent(worker.job, outcome=outcome)

    def stop(self) -> None:
        """Start nothing any more, and tell workers to write their checkpoint and end; those that do not are killed."""
        self._stopping = True
        self._waiting.clear()
        for worker in self._running:
            worker.stop(self._grace_s)

    def kill(self) -> None:
        """End workers at once."""
        self.stop()
        for worker in self._running:
            worker.kill()

    def close(self) -> None:
        """Stop workers, wait until they have ended, and remove what they printed."""
        self.stop()
        deadline = time.monotonic() + self._grace_s
        try:
            for worker in self._running:
                worker.process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for worker in self._running:
                worker.kill()
                worker.process.join()
                worker.close(stopping=True)
            self._running.clear()
            self._logs.cleanup()

    def _start_ready(self) -> Iterator[JobEvent]:
        for job in list(self._waiting):
            failed = next((self._done[n] for n in job.needs if n in self._done and not _done(self._done[n])), None)
            if failed is not None:
                yield self._not_started(job, failed)
            elif self._may_start(job):
                said = self._before(job)
                if said is not None:
                    yield self._not_started(job, said)
                    continue
                self._waiting.remove(job)
                self._running.append(self._start(job))
                yield JobEvent(job, text="starting")

    def _may_start(self, job: Job) -> bool:
        if len(self._running) >= self.workers or any(need not in self._done for need in job.needs):
            return False
        if job.lock == ALONE:
            return not self._running
        return all(worker.job.lock != ALONE for worker in self._running)

    def _not_started(self, job: Job, outcome: JobOutcome) -> JobEvent:
        self._waiting.remove(job)
        self._done[job.label] = outcome
        return JobEvent(job, text=NOT_STARTED, outcome=outcome)

    def _start(self, job: Job) -> WorkerProcess:
        receiver, sender = self._context.Pipe(duplex=False)
        descriptor, log = tempfile.mkstemp(dir=self._logs.name, suffix=".log")
        os.close(descriptor)
        process = self._context.Process(target=self._target, args=(job, self._surroundings, sender, Path(log)))
        process.start()
        sender.close()
        return WorkerProcess(job, process, receiver, Path(log))


def _done(outcome: JobOutcome) -> bool:
    return outcome.status == "done"
