"""The inline launcher: jobs run in this process, one after another, on all its cores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from harness.store import Store
from harness.sweeping.jobs import Job, JobOutcome, Tell
from harness.sweeping.worker import work


class InlineLauncher:
    """Runs each job within `start`.

    Args:
        store: open; lent to the jobs.
        results: folder of run folders.
        on_stop: called when a run is asked to stop, before its current step has ended.
    """

    in_this_process = True

    def __init__(self, store: Store, results: Path, on_stop: Callable[[], None] | None = None) -> None:
        self._store, self._results, self._on_stop = store, results, on_stop

    def start(self, job: Job, tell: Tell) -> EndedWorker:
        """Run the job.

        Raises:
            KeyboardInterrupt: the job was interrupted, and with it this process.
        """
        outcome = work(job, lambda: nullcontext(self._store), self._results, tell, self._on_stop)
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        return EndedWorker(job, outcome)

    def close(self) -> None:
        """Do nothing: no resources are held."""


class EndedWorker:
    """A job that has already ended."""

    def __init__(self, job: Job, outcome: JobOutcome) -> None:
        self.job, self._outcome = job, outcome

    def handles(self) -> list[Any]:
        """Return no handles: there is nothing to wait for."""
        return []

    def seconds_to_deadline(self) -> float:
        """Return infinity: there is no deadline."""
        return math.inf

    def read(self) -> Iterator[tuple[float, str]]:
        """Return nothing: `start` has reported all progress."""
        return iter(())

    def watch(self, grace_s: float) -> None:
        """Do nothing: the job has ended."""

    def stop(self, grace_s: float) -> None:
        """Do nothing: the job has ended."""

    def kill(self) -> None:
        """Do nothing: the job has ended."""

    def join(self, timeout_s: float) -> None:
        """Do nothing: the job has ended."""

    def ended(self) -> bool:
        """Return True."""
        return True

    def close(self, stopping: bool) -> JobOutcome:
        """Return the outcome of the job."""
        return self._outcome
