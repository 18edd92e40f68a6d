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
    """Runs a job before `start` returns.

    Args:
        store: open; lent to the jobs.
        results: folder of run folders.
        on_stop: called when a run was asked to stop and its current step is still to end.
    """

    in_this_process = True

    def __init__(self, store: Store, results: Path, on_stop: Callable[[], None] | None = None) -> None:
        self._store, self._results, self._on_stop = store, results, on_stop

    def start(self, job: Job, tell: Tell) -> EndedWorker:
        """Run the job.

        Raises:
            KeyboardInterrupt: somebody stopped it, and with it this process.
        """
        outcome = work(job, lambda: nullcontext(self._store), self._results, tell, self._on_stop)
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        return EndedWorker(job, outcome)

    def close(self) -> None:
        """There is nothing to give back."""


class EndedWorker:
    """A job that has ended already."""

    def __init__(self, job: Job, outcome: JobOutcome) -> None:
        self.job, self._outcome = job, outcome

    def handles(self) -> list[Any]:
        """Nothing to wait for."""
        return []

    def seconds_to_deadline(self) -> float:
        """It has none."""
        return math.inf

    def read(self) -> Iterator[tuple[float, str]]:
        """Nothing: all was told before."""
        return iter(())

    def watch(self, grace_s: float) -> None:
        """Nothing can go wrong any more."""

    def stop(self, grace_s: float) -> None:
        """It has ended."""

    def kill(self) -> None:
        """It has ended."""

    def join(self, timeout_s: float) -> None:
        """It has ended."""

    def ended(self) -> bool:
        """Always."""
        return True

    def close(self, stopping: bool) -> JobOutcome:
        """How it ended."""
        return self._outcome
