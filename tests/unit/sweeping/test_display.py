"""What a sweep shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from harness.config import expand
from harness.store.cell_states import CellState
from harness.sweeping.estimates import Estimates
from harness.sweeping.jobs import JobEvent, JobOutcome, prepare_job, run_job
from harness.sweeping.planning import PlannedRun, plan_cells
from harness.sweeping.sweep_display import STOPPING, SweepDisplay

DONE = CellState("finished", 1, "", 21.5, 12.0)


@pytest.fixture
def cells(site: Any) -> list[PlannedRun]:
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    site.model("blind", causal=False)
    return plan_cells(expand(["task=counting", "model=small,blind", "seed=0,1"]))


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def _display(out: io.StringIO, *, terminal: bool) -> SweepDisplay:
    return SweepDisplay(console=Console(file=out, width=160, force_terminal=terminal, color_system=None))


def _event(run: PlannedRun, fraction: float = 0.0, text: str = "starting") -> JobEvent:
    return JobEvent(run_job(run), fraction, text)


def _shown(display: SweepDisplay) -> str:
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as capture:
        console.print(display._render())
    return capture.get()


def test_elsewhere_there_is_a_line_for_every_cell_that_ends(cells: list[PlannedRun], out: io.StringIO) -> None:
    display = _display(out, terminal=False)
    first, second = (run for run in cells if run.state == "ready")
    display.begin(cells, Estimates)
    with display.live(1):
        display.update(_event(first), first)
        display.update(_event(first, 0.5, "training"), first)
        display.update(JobEvent(run_job(first), outcome=JobOutcome("done")), first)
        display.ended(first, JobOutcome("done"), DONE, by_another=False)
        display.ended(second, JobOutcome("died", "killed"), CellState("failed", 1, "killed"), by_another=False)
    assert out.getvalue().splitlines() == [
        "Sweep 'default': 4 cells: 2 to run, 2 incompatible.",
        "[1/2] counting × small, seed 0: score 21.5 points, 12 s",
        "[2/2] counting × small, seed 1: failed: killed",
    ]


def test_what_was_understood_of_the_data_is_said_once(cells: list[PlannedRun], out: io.StringIO) -> None:
    display = _display(out, terminal=False)
    for run in [run for run in cells if run.state == "ready"]:
        display.update(_event(run), run)
        display.update(_event(run, text="Data of counting (csv-a): 3 training examples; split: by hash."), run)
    assert out.getvalue().splitlines() == ["Data of counting (csv-a): 3 training examples; split: by hash."]
    assert "by hash" not in _shown(display)


@pytest.mark.parametrize(
    ("workers", "threads", "reason", "line"),
    [
        (2, 1, "", "2 runs at a time, 1 thread each."),
        (1, 2, "", "1 run at a time, 2 threads each."),
        (3, 1, "no memory", "3 runs at a time, 1 thread each (no memory; --workers N sets another number)."),
    ],
    ids=["cores", "threads", "reason"],
)
def test_it_says_how_many_runs_go_on_at_a_time(
    workers: int, threads: int, reason: str, line: str, out: io.StringIO
) -> None:
    _display(out, terminal=False).at_a_time(workers, threads, reason)
    assert out.getvalue().splitlines() == [line]


def test_the_table_has_a_row_for_every_job_and_counts(cells: list[PlannedRun], out: io.StringIO) -> None:
    display = _display(out, terminal=True)
    first, second = (run for run in cells if run.state == "ready")
    display.begin(cells, Estimates)
    prepare = JobEvent(prepare_job(first), text="starting")
    display.update(prepare, None)
    assert "data of counting" in _shown(display)
    display.update(JobEvent(prepare.job, outcome=JobOutcome("done")), None)
    display.update(_event(first, 0.05, "training"), first)
    shown = _shown(display)
    assert "data of" not in shown
    assert "counting × small, seed 0" in shown
    assert "training" in shown
    assert "0 finished, 0 failed, 1 running, 1 waiting, 2 incompatible; time left: estimating" in shown
    display.update(JobEvent(run_job(first), outcome=JobOutcome("done")), first)
    display.ended(first, JobOutcome("done"), DONE, by_another=False)
    assert "1 finished, 0 failed, 0 running, 1 waiting, 2 incompatible; time left: about 12 s" in _shown(display)
    display.ended(second, JobOutcome("failed", "why"), CellState("failed"), by_another=False)
    assert "1 finished, 1 failed, 0 running, 0 waiting, 2 incompatible; time left: about 0 s" in _shown(display)


def test_the_table_says_that_the_sweep_is_stopping(cells: list[PlannedRun], out: io.StringIO) -> None:
    display = _display(out, terminal=True)
    display.begin(cells, Estimates)
    display.stopping()
    assert STOPPING in _shown(display)
    assert "press Ctrl-C again to stop at once" in out.getvalue()


def test_cells_of_another_sweep_are_named_once(cells: list[PlannedRun], out: io.StringIO) -> None:
    display = _display(out, terminal=False)
    display.begin(cells, Estimates)
    display.elsewhere(2, only=False)
    assert "2 elsewhere" in _shown(display)
    display.elsewhere(2, only=True)
    display.elsewhere(1, only=True)
    assert out.getvalue().count("being run by another process") == 1


def test_control_characters_do_not_reach_the_terminal(cells: list[PlannedRun], out: io.StringIO) -> None:
    display = _display(out, terminal=False)
    display.begin(cells, Estimates)
    run = cells[0]
    display.update(_event(run, 0.5, "\x1b]0;title\x07"), run)
    display.ended(run, JobOutcome("failed", "\x1b[2Jgone [bold]not[/bold]"), CellState("failed"), by_another=False)
    assert "\x1b" not in out.getvalue() + _shown(display)
    assert "gone [bold]not[/bold]" in out.getvalue()


def test_quiet_shows_nothing(cells: list[PlannedRun], capsys: pytest.CaptureFixture[str]) -> None:
    display = SweepDisplay(quiet=True)
    display.begin(cells, Estimates)
    with display.live(1):
        display.ended(cells[0], JobOutcome("done"), DONE, by_another=False)
    assert capsys.readouterr() == ("", "")
