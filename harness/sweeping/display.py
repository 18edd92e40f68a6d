"""The interface of progress displays: a sweep calls their methods and uses no return value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.store.cell_states import CellState
    from harness.sweeping.estimates import Estimates
    from harness.sweeping.jobs import JobEvent, JobOutcome
    from harness.sweeping.planning import PlannedRun


class Display(Protocol):
    """Shows the progress of cells: `SweepDisplay` of many, `RunDisplay` of one."""

    def begin(self, planned: Sequence[PlannedRun], estimates: Callable[[], Estimates]) -> None:
        """The plan and its states are known; `estimates` reads from the store how long such cells take."""

    def at_a_time(self, workers: int, threads: int, reason: str) -> None:
        """How many runs go on at a time, and threads of each; `reason`: why not one per core, else empty."""

    def live(self, workers: int) -> AbstractContextManager[None]:
        """Return a context manager, within which the jobs run."""

    def update(self, event: JobEvent, run: PlannedRun | None) -> None:
        """A job started, made progress or ended; `run`: its cell, None for data."""

    def ended(self, run: PlannedRun, outcome: JobOutcome, state: CellState, *, by_another: bool) -> None:
        """A cell has ended, here or by another sweep."""

    def elsewhere(self, cells: int, *, only: bool) -> None:
        """How many cells other sweeps are running; `only`: nothing else is left to do."""

    def stopping(self) -> None:
        """The sweep was asked to stop."""
