"""What shows the progress of cells: told what happens, asked nothing."""

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
        """Cells are known with their states; `estimates` asks the store how long such cells take."""

    def at_a_time(self, workers: int, threads: int, reason: str) -> None:
        """So many runs go on at a time, with so many threads; `reason`: why not one a core, else empty."""

    def live(self, workers: int) -> AbstractContextManager[None]:
        """The block in which jobs run."""

    def update(self, event: JobEvent, run: PlannedRun | None) -> None:
        """A job started, went on or ended; `run`: the cell, None for data."""

    def ended(self, run: PlannedRun, outcome: JobOutcome, state: CellState, *, by_another: bool) -> None:
        """A cell has ended, here or by another sweep."""

    def elsewhere(self, cells: int, *, only: bool) -> None:
        """Other sweeps have so many cells; `only`: nothing else is left to do."""

    def stopping(self) -> None:
        """The sweep was asked to stop."""
