"""The progress of a single run: a bar on a terminal; elsewhere only a note when the run has to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.sweeping.jobs import WAITING
from harness.sweeping.sweep_display import printable
from harness.training.load_data import UNDERSTOOD

if TYPE_CHECKING:
    from harness.store.cell_states import CellState
    from harness.sweeping.estimates import Estimates
    from harness.sweeping.jobs import JobEvent, JobOutcome
    from harness.sweeping.planning import PlannedRun


class RunDisplay:
    """Progress of one run on standard error.

    Args:
        console: where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._label = ""
        self._move: Callable[[float, str], None] = lambda fraction, text: None
        self._said_waiting = False

    def begin(self, planned: Sequence[PlannedRun], estimates: Callable[[], Estimates]) -> None:
        """Remember the name of the run."""
        (run,) = planned
        self._label = f"{run.plan.task} × {run.plan.model}"

    def at_a_time(self, workers: int, threads: int, reason: str) -> None:
        """Do nothing: there is one run."""

    @contextmanager
    def live(self, workers: int) -> Iterator[None]:
        """Show the bar for the block, on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
        with Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True) as progress:
            bar = progress.add_task(self._label, total=None, state="preparing")
            self._move = lambda fraction, text: progress.update(bar, completed=fraction, total=1.0, state=text)
            yield
        self._move = lambda fraction, text: None

    def update(self, event: JobEvent, run: PlannedRun | None) -> None:
        """Advance the bar; say what was understood of the user's data, and once that the run waits for the machine."""
        if event.text == WAITING and not self._said_waiting:
            self._said_waiting = True
            self._console.print("Waiting for another exclusive run of this machine to end.")
        if event.text.startswith(UNDERSTOOD):
            self._console.print(Text(printable(event.text)), soft_wrap=True)
        if event.fraction > 0.0:
            self._move(event.fraction, event.text)

    def ended(self, run: PlannedRun, outcome: JobOutcome, state: CellState, *, by_another: bool) -> None:
        """Do nothing: the command prints the results."""

    def elsewhere(self, cells: int, *, only: bool) -> None:
        """Do nothing: the command says so."""

    def stopping(self) -> None:
        """Say that the run was asked to stop."""
        self._console.print("Stopping: the checkpoint is written after this step; Ctrl-C again stops at once.")
