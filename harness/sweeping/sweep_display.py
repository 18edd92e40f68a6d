"""The progress of a sweep: a live table on a terminal, one line per finished run elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.sweeping import planning
from harness.sweeping.estimates import Estimates
from harness.sweeping.limits import duration
from harness.training.load_data import UNDERSTOOD

if TYPE_CHECKING:
    from harness.store.cell_states import CellState
    from harness.sweeping.jobs import JobEvent, JobOutcome
    from harness.sweeping.planning import PlannedRun

STOPPING = "stopping: running cells write their checkpoint; press Ctrl-C again to stop at once"
_BAR = 24


@dataclass
class _Row:
    """A job that is running."""

    name: str
    run: PlannedRun | None
    began: float
    fraction: float = 0.0
    text: str = ""


class SweepDisplay:
    """Progress on standard error.

    Args:
        quiet: show nothing.
        console: where to print; None: standard error.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, quiet=quiet, highlight=False)
        self._estimates = Estimates()  # updated by every cell that ends
        self._live: Live | None = None
        self._rows: dict[str, _Row] = {}  # by the job's key
        self._counts: Counter[str] = Counter()
        self._left: dict[str, PlannedRun] = {}  # cells to be done here, by key
        self._total = self._elsewhere = self._workers = 0
        self._stopping = self._said_elsewhere = False
        self._understood: set[str] = set()

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Say what the sweep is waiting for, on a terminal only."""
        if self._console.is_terminal:
            with self._console.status(f"{text} ..."):
                yield
        else:
            yield

    def begin(self, planned: Sequence[PlannedRun], estimates: Callable[[], Estimates]) -> None:
        """Print how many cells there are, and their states."""
        self._estimates = estimates()
        self._counts = states = Counter(run.state for run in planned)
        self._left = {run.plan.key: run for run in planned if run.state in (planning.READY, planning.ELSEWHERE)}
        self._total = len(self._left)
        words = {
            planning.READY: "to run",
            planning.FINISHED: "already finished",
            planning.FAILED: "failed earlier (run again with --retry failed)",
            planning.INCOMPATIBLE: "incompatible",
            planning.ELSEWHERE: "running in another process",
        }
        parts = [f"{states[state]} {text}" for state, text in words.items() if states[state]]
        self._print(f"Sweep '{planned[0].plan.sweep}': {len(planned)} cells: {', '.join(parts)}.")

    def at_a_time(self, workers: int, threads: int, reason: str) -> None:
        """Say how many runs go on at a time, and why not one per core (empty if so)."""
        runs = "1 run" if workers == 1 else f"{workers} runs"
        each = "1 thread" if threads == 1 else f"{threads} threads"
        why = f" ({reason}; --workers N sets another number)" if reason else ""
        self._print(f"{runs} at a time, {each} each{why}.")

    @contextmanager
    def live(self, workers: int) -> Iterator[None]:
        """Show the table for the block, on a terminal."""
        self._workers = workers
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True) as live:
            self._live = live
            yield
        self._live = None

    def update(self, event: JobEvent, run: PlannedRun | None) -> None:
        """Show that a job started, made progress or ended; `run`: its cell, None for data."""
        key = event.job.key
        if event.outcome is not None:
            self._rows.pop(key, None)
            return
        if event.text.startswith(UNDERSTOOD):
            if event.text not in self._understood:  # each run of the same data says so
                self._understood.add(event.text)
                self._print(event.text)
            return
        row = self._rows.setdefault(key, _Row(event.job.label, run, time.monotonic()))
        row.fraction, row.text = event.fraction, event.text

    def elsewhere(self, cells: int, *, only: bool) -> None:
        """Show how many cells other sweeps are running.

        Args:
            cells: how many.
            only: whether there is nothing else left to do.
        """
        self._elsewhere = cells
        if only and cells and not self._said_elsewhere:
            self._said_elsewhere = True
            what = "1 cell is" if cells == 1 else f"{cells} cells are"
            self._print(f"{what} being run by another process; waiting for the results.")

    def say(self, line: str) -> None:
        """Print a line between the stages of a sweep."""
        self._print(line)

    def stopping(self) -> None:
        """Say that the sweep was asked to stop."""
        self._stopping = True
        self._print(STOPPING[0].upper() + STOPPING[1:] + ".")

    def ended(self, run: PlannedRun, outcome: JobOutcome, state: CellState, *, by_another: bool) -> None:
        """Print the line of a run that ended.

        Args:
            run: the run.
            outcome: how it ended.
            state: its current state in the store.
            by_another: whether another sweep has finished it.
        """
        self._left.pop(run.plan.key, None)
        status = {"done": planning.FINISHED, "died": planning.FAILED}.get(outcome.status, outcome.status)
        self._counts[status] += 1
        if status == planning.FINISHED and state.total_s is not None:
            self._estimates.add(run, state.total_s)
        done, width = self._total - len(self._left), len(str(self._total))
        text = _result(run, outcome, state) + (" (by another process)" if by_another else "")
        self._print(f"[{done:>{width}}/{self._total}] {run.label}: {text}")

    def _print(self, line: str) -> None:
        self._console.print(Text(printable(line)), soft_wrap=True)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for row in self._rows.values():
            bar = ProgressBar(total=1.0, completed=row.fraction, width=_BAR, pulse=row.fraction <= 0.0)
            elapsed = duration(time.monotonic() - row.began)
            table.add_row(Text(printable(row.name)), bar, Text(printable(row.text)), Text(elapsed, style="dim"))
        return Group(table, Text(self._summary()))

    def _summary(self) -> str:
        """The counts, and the time left."""
        running = [row for row in self._rows.values() if row.run is not None]
        here = {row.run.plan.key for row in running if row.run is not None}
        numbers = {
            "finished": self._counts[planning.FINISHED],
            "failed": self._counts[planning.FAILED],
            "running": len(running),
            "elsewhere": self._elsewhere,
            "waiting": max(0, len(self._left) - len(running) - self._elsewhere),
            "incompatible": self._counts[planning.INCOMPATIBLE],
        }
        always = ("finished", "failed", "running", "waiting")
        counts = ", ".join(f"{n} {name}" for name, n in numbers.items() if n or name in always)
        if self._stopping:
            return f"{counts}; {STOPPING}"
        waiting = [run for key, run in self._left.items() if key not in here]
        now = time.monotonic()
        busy = [(row.run, now - row.began, row.fraction) for row in running if row.run is not None]
        left = self._estimates.remaining(waiting, busy, self._workers)
        return f"{counts}; time left: {'estimating' if left is None else f'about {duration(left)}'}"


def printable(text: str) -> str:
    """The text without control characters, which a name or an error from outside may hold."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _result(run: PlannedRun, outcome: JobOutcome, state: CellState) -> str:
    if outcome.status != "done":
        return f"{'failed' if outcome.status == 'died' else outcome.status}: {outcome.error}"
    primary = run.plan.primary
    value = "no value (NaN)" if state.value is None else f"{state.value:.4g} {primary['unit']}"
    return f"{primary['name']} {value}, {state.total_s or 0.0:.0f} s"
