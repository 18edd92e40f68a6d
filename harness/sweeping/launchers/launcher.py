"""The interface of launchers, which start workers. `Pool` decides what runs next; the scheduler records outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from harness.sweeping.jobs import Job, JobOutcome, Tell


class Worker(Protocol):
    """One job that a launcher has started, as the sweep sees it."""

    job: Job

    def handles(self) -> list[Any]:
        """Handles for `multiprocessing.connection.wait`, ready when there is something to `read` or it has ended."""

    def seconds_to_deadline(self) -> float:
        """Seconds after which `watch` must be called again."""

    def read(self) -> Iterator[tuple[float, str]]:
        """Progress reported since the last call, as (fraction, text)."""

    def watch(self, grace_s: float) -> None:
        """Stop it if it has exceeded a limit; kill it if it was stopped more than `grace_s` seconds ago."""

    def stop(self, grace_s: float) -> None:
        """Tell it to write its checkpoint and end within `grace_s` seconds."""

    def kill(self) -> None:
        """End it at once, with all processes that it started."""

    def join(self, timeout_s: float) -> None:
        """Wait until it has ended, at most `timeout_s` seconds."""

    def ended(self) -> bool:
        """Whether it has ended."""

    def close(self, stopping: bool) -> JobOutcome:
        """Release the worker, which has ended, and return its outcome; `stopping`: all were told to stop."""


class Launcher(Protocol):
    """Starts workers.

    Attributes:
        in_this_process: whether a job runs within `start`. The job itself then handles Ctrl-C and prepares its data,
            and limits are not enforced.
    """

    in_this_process: bool

    def start(self, job: Job, tell: Tell) -> Worker:
        """Start a worker for a job; `tell` takes progress that comes before this returns."""

    def close(self) -> None:
        """Release resources; called after all workers have ended."""
