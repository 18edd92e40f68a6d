"""A pool of worker processes: a fresh process for every job, forked from one that has torch loaded.

A fresh process leaks no state into the next job, and a job that is killed takes nothing else with it.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from harness.errors import PluginError
from harness.sweeping.jobs import Job, Outcome, Surroundings
from harness.sweeping.worker import work

PRELOAD = ("harness.sweeping.preload", "harness.cli.main")
"""Loaded once before workers are forked; the second because workers load the console script's module again."""

NOT_STARTED = "not started"
"""Text of the event with which a job ends whose need failed."""

_LOG_LINES = 40
_STOP_S = 20.0


@dataclass(frozen=True)
class Event:
    """Something that happened to a job: it started, went on, or ended (then `outcome` is set)."""

    job: Job
    fraction: float = 0.0
    text: str = ""
    outcome: Outcome | None = None


@dataclass
class _Worker:
    job: Job
    process: Any
    connection: Connection
    log: Path
    outcome: Outcome | None = None


class Pool:
    """Runs jobs in up to `workers` processes.

    Args:
        workers: processes at a time.
        surroundings: see there.
        target: what a worker process calls; a function of a module that can be imported.
    """

    def __init__(self, workers: int, surroundings: Surroundings, target: Callable[..., None] = work) -> None:
        self._workers, self._surroundings, self._target = max(1, workers), surroundings, target
        os.environ["OMP_NUM_THREADS"] = str(surroundings.threads)  # inherited by the process that forks
        for name in PRELOAD:
            if importlib.util.find_spec(name) is None:  # multiprocessing would silently ignore the name
                raise PluginError(f"The module '{name}' is missing: the installation is incomplete.")
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOAD))
        self._running: list[_Worker] = []

    def run(self, jobs: Iterable[Job]) -> Generator[Event, None, None]:
        """Do all jobs and yield what happens, in the order in which it happens.

        A job whose need failed is not started: it ends with the outcome of that need. When the generator is
        closed or an exception passes through it, workers are told to stop, and killed if they do not.
        """
        waiting, done = list(jobs), dict[str, Outcome]()
        with tempfile.TemporaryDirectory(prefix="harness-workers-") as logs:
            try:
                while waiting or self._running:
                    yield from self._start_ready(waiting, done, Path(logs))
                    for event in self._events():
                        if event.outcome is not None:
                            done[event.job.label] = event.outcome
                        yield event
            finally:
                self._stop()

    def _start_ready(self, waiting: list[Job], done: dict[str, Outcome], logs: Path) -> Iterator[Event]:
        for job in list(waiting):
            failed = next((done[n] for n in job.needs if n in done and done[n].status != "done"), None)
            if failed is not None:
                waiting.remove(job)
                done[job.label] = failed
                yield Event(job, text=NOT_STARTED, outcome=failed)
            elif all(n in done for n in job.needs) and len(self._running) < self._workers:
                waiting.remove(job)
                self._running.append(self._start(job, logs))
                yield Event(job, text="starting")

    def _start(self, job: Job, logs: Path) -> _Worker:
        receiver, sender = self._context.Pipe(duplex=False)
        descriptor, log = tempfile.mkstemp(dir=logs, suffix=".log")
        os.close(descriptor)
        process = self._context.Process(target=self._target, args=(job, self._surroundings, sender, Path(log)))
        process.start()
        sender.close()
        return _Worker(job, process, receiver, Path(log))

    def _events(self) -> Iterator[Event]:
        """Wait until a worker says something or ends; events of all that did."""
        by_handle: dict[Any, _Worker] = {}
        for worker in self._running:
            by_handle[worker.process.sentinel] = worker
            by_handle[worker.connection] = worker
        ready = wait(list(by_handle)) if by_handle else []
        for worker in {id(by_handle[handle]): by_handle[handle] for handle in ready}.values():
            yield from self._read(worker)
            if worker.outcome is not None or not worker.process.is_alive():
                yield from self._read(worker)
                worker.process.join(_STOP_S)
                if worker.process.is_alive():  # it has answered, but a thread of a library keeps it up
                    worker.process.kill()
                    worker.process.join()
                worker.connection.close()
                self._running.remove(worker)
                yield Event(worker.job, outcome=self._outcome(worker))

    def _read(self, worker: _Worker) -> Iterator[Event]:
        with suppress(EOFError, OSError):  # the other end is closed: the process has ended
            while worker.outcome is None and worker.connection.poll():
                message = worker.connection.recv()
                if isinstance(message, Outcome):
                    worker.outcome = message
                else:
                    yield Event(worker.job, *message)

    def _outcome(self, worker: _Worker) -> Outcome:
        tail = "\n".join(worker.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        if worker.outcome is not None:
            said = worker.outcome
            return Outcome(said.status, said.error, said.traceback, tail, said.user_error)
        code = worker.process.exitcode
        if code is not None and code < 0:
            cause = f"the worker process was killed by {signal.Signals(-code).name}"
            cause += " (out of memory?)" if code == -signal.SIGKILL else ""
        else:
            cause = f"the worker process ended with code {code}"
        return Outcome("died", cause, log_tail=tail)

    def _stop(self) -> None:
        for worker in self._running:
            worker.process.terminate()
        deadline = time.monotonic() + _STOP_S
        for worker in self._running:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
        self._running.clear()
