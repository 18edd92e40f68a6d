"""Starts jobs in order, each as soon as a worker is free and the jobs that it needs are done."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any

from harness.sweeping.jobs import ALONE, GRACE_S, NOT_STARTED, Job, JobEvent, JobOutcome
from harness.sweeping.launchers.launcher import Launcher, Worker


class Pool:
    """Runs up to `workers` jobs at a time. Close it, or use it in a `with` block; closing stops the workers.

    Args:
        launcher: starts workers; closed with the pool.
        workers: how many at a time.
        on_event: called with every event of a job.
        before: called with each job when it is about to start; if it returns an outcome, the job ends with that
            instead.
        grace_s: seconds that a stopped worker has to write its checkpoint before it is killed.
    """

    def __init__(
        self,
        launcher: Launcher,
        workers: int,
        on_event: Callable[[JobEvent], None],
        *,
        before: Callable[[Job], JobOutcome | None] = lambda job: None,
        grace_s: float = GRACE_S,
    ) -> None:
        self.workers = max(1, workers)
        self._launcher, self._on_event, self._before, self._grace_s = launcher, on_event, before, grace_s
        self._waiting: list[Job] = []
        self._running: list[Worker] = []
        self._done: dict[str, JobOutcome] = {}
        self._stopping = False

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

    def submit(self, *jobs: Job) -> None:
        """Queue jobs, to be started in this order as workers become free and the jobs they need are done.

        A job is not started if one that it needs failed; it ends with the outcome of that one.
        """
        for job in jobs:
            self._done.pop(job.key, None)
            self._waiting.append(job)

    def poll(self, timeout: float) -> None:
        """Start what can be started, wait for an event or until the timeout, and report events."""
        self._start_ready()
        handles: dict[Any, Worker] = {h: worker for worker in self._running for h in worker.handles()}
        if handles:
            pause = min([timeout, *(worker.seconds_to_deadline() for worker in self._running)])
            wait(list(handles), max(0.0, pause))
        for worker in list(self._running):
            for fraction, text in worker.read():
                self._on_event(JobEvent(worker.job, fraction, text))
            worker.watch(self._grace_s)
            if worker.ended():
                self._running.remove(worker)
                self._end(JobEvent(worker.job, outcome=worker.close(self._stopping)))

    def stop(self) -> None:
        """Start no more jobs, and tell workers to write their checkpoints and end; those that do not are killed."""
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
        """Stop workers, wait until they have ended, and close the launcher."""
        self.stop()
        deadline = time.monotonic() + self._grace_s
        try:
            for worker in self._running:
                worker.join(max(0.0, deadline - time.monotonic()))
        finally:
            for worker in self._running:
                worker.kill()
                worker.close(stopping=True)
            self._running.clear()
            self._launcher.close()

    def _start_ready(self) -> None:
        for job in list(self._waiting):
            failed = next((self._done[n] for n in job.needs if n in self._done and not _done(self._done[n])), None)
            if failed is not None:
                self._not_started(job, failed)
            elif self._may_start(job):
                said = self._before(job)
                if said is not None:
                    self._not_started(job, said)
                    continue
                self._waiting.remove(job)
                self._start(job)

    def _start(self, job: Job) -> None:
        self._on_event(JobEvent(job, text="starting"))

        def tell(fraction: float, text: str) -> None:
            self._on_event(JobEvent(job, fraction, text))

        self._running.append(self._launcher.start(job, tell))

    def _may_start(self, job: Job) -> bool:
        if len(self._running) >= self.workers or any(need not in self._done for need in job.needs):
            return False
        if job.lock == ALONE:
            return not self._running
        return all(worker.job.lock != ALONE for worker in self._running)

    def _not_started(self, job: Job, outcome: JobOutcome) -> None:
        self._waiting.remove(job)
        self._end(JobEvent(job, text=NOT_STARTED, outcome=outcome))

    def _end(self, event: JobEvent) -> None:
        assert event.outcome is not None, "a job ends with an outcome"
        self._done[event.job.key] = event.outcome
        self._on_event(event)


def _done(outcome: JobOutcome) -> bool:
    return outcome.status == "done"
