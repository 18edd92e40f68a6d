"""What a sweep shows while it runs: bars on a terminal, a line for each finished run elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from harness.store import Store
from harness.store.query import run as find_run
from harness.sweeping import planning

if TYPE_CHECKING:
    from rich.progress import TaskID

    from harness.sweeping.planning import PlannedRun
    from harness.sweeping.pool import Event


class Display:
    """Progress on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._bars: dict[str, TaskID] = {}
        self._all: TaskID | None = None
        self._total = self._done = 0

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Say what is being waited for, on a terminal only."""
        if self._console.is_terminal:
            with self._console.status(f"{text} ..."):
                yield
        else:
            yield

    def begin(self, planned: Sequence[PlannedRun]) -> None:
        """Say how many cells there are and what becomes of them."""
        states = Counter(run.state for run in planned)
        self._total = states[planning.READY]
        words = {
            planning.READY: "to run",
            planning.FINISHED: "already finished",
            planning.FAILED: "failed earlier (run again with --retry failed)",
            planning.INCOMPATIBLE: "incompatible",
            planning.ELSEWHERE: "running in another process",
        }
        parts = [f"{states[state]} {text}" for state, text in words.items() if states[state]]
        self._console.print(f"Sweep '{planned[0].plan.sweep}': {len(planned)} cells: {', '.join(parts)}.")

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show the bars for the block."""
        with self._progress:
            self._all = self._progress.add_task("all runs", total=self._total, state=f"0/{self._total}")
            yield

    def update(self, event: Event) -> None:
        """Show that a job started, went on, or (for data) ended."""
        label = event.job.label
        if event.outcome is not None:
            self._remove(label)
            return
        if label not in self._bars:
            name = f"data of {event.job.config['task']['name']}" if event.job.kind == "prepare" else short(label)
            self._bars[label] = self._progress.add_task(name, total=None, state="")
        total = 1.0 if event.fraction > 0 else None
        self._progress.update(self._bars[label], completed=event.fraction, total=total, state=event.text)

    def ended(self, event: Event, run: PlannedRun, store: Store) -> None:
        """Print the line of a run that ended."""
        self._remove(event.job.label)
        self._done += 1
        if self._all is not None:
            self._progress.update(self._all, completed=self._done, state=f"{self._done}/{self._total}")
        assert event.outcome is not None
        width = len(str(self._total))
        line = f"[{self._done:>{width}}/{self._total}] {short(run.label)}: {_result(event, run, store)}"
        self._console.print(line, markup=False, soft_wrap=True)

    def _remove(self, label: str) -> None:
        bar = self._bars.pop(label, None)
        if bar is not None:
            self._progress.remove_task(bar)


def short(label: str) -> str:
    """A run's label without its key."""
    return label.rpartition(" (")[0]


def _result(event: Event, run: PlannedRun, store: Store) -> str:
    assert event.outcome is not None
    if event.outcome.status != "done":
        return f"{'failed' if event.outcome.status == 'died' else event.outcome.status}: {event.outcome.error}"
    view = find_run(store, run.plan.key)
    if view.summary is None:
        return view.status
    primary = run.plan.primary
    return f"{primary['name']} {view.summary.primary_value:.4g} {primary['unit']}, {view.summary.total_s:.0f} s"
