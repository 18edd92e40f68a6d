"""What a launcher is: it starts workers. Which cell comes next, and how one ended, others decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from harness.sweeping.jobs import Job, JobOutcome, Tell


class Worker(Protocol):
    """One job that a launcher has started, as the sweep sees it."""

    job: Job

    def handles(self) -> list[Any]:
        """What `multiprocessing.connection.wait` can wait for, until there is something to `read` or it has ended."""

    def seconds_to_deadline(self) -> float:
        """How long it may be left without a call of `watch`."""

    def read(self) -> Iterator[tuple[float, str]]:
        """Progress that it has reported since the last call."""

    def watch(self, grace_s: float) -> None:
        """Stop it if it has exceeded a limit; kill it if it was stopped more than `grace_s` seconds ago."""

    def stop(self, grace_s: float) -> None:
        """Tell it to write its checkpoint and end within so many seconds."""

    def kill(self) -> None:
        """End it now, with all that it started."""

    def join(self, timeout_s: float) -> None:
        """Wait until it is gone, or for so long."""

    def ended(self) -> bool:
        """Whether it is gone."""

    def close(self, stopping: bool) -> JobOutcome:
        """How a worker that has ended did so; `stopping`: whether all were told to end."""


class Launcher(Protocol):
    """Starts workers.

    Attributes:
        in_this_process: whether a job runs within `start`. Ctrl-C then is the job's to hear, its data is prepared by
            itself, and nobody watches limits.
    """

    in_this_process: bool

    def start(self, job: Job, tell: Tell) -> Worker:
        """Start a worker for a job; `tell` takes progress that comes before this returns."""

    def close(self) -> None:
        """Give back what the launcher holds; its workers have ended."""
