"""What goes wrong in one cell is recorded and stays there."""

from __future__ import annotations

import re
from typing import Any

import pytest

TINY = ("budget=steps:2", "model.hidden_size=8", "trainer.embedding_dim=8", "sweep=faults")


def test_a_run_that_fails_is_recorded_and_the_others_are_run(cli: Any) -> None:
    done = cli("sweep", "task=faulty", "task.fault=loading,nothing", "model=lstm", *TINY, code=1)
    assert "1 of 2 runs failed" in done.stderr
    runs = {run["status"]: run for run in cli.runs()}
    assert set(runs) == {"finished", "failed"}
    assert "ZeroDivisionError: a bug on purpose" in runs["failed"]["reason"]
    shown = cli("show", runs["failed"]["key"][:12]).stdout
    assert "a bug on purpose" in shown

    # The same command does not try again of itself; told to, it does, and only that run.
    cli("sweep", "task=faulty", "task.fault=loading,nothing", "model=lstm", *TINY, code=1)
    (cli.folder / "healed").touch()
    cli("sweep", "task=faulty", "task.fault=loading,nothing", "model=lstm", *TINY, "--retry", "failed")
    after = cli.runs()
    assert {run["status"] for run in after} == {"finished"}
    assert runs["finished"] in after


def test_data_that_cannot_be_prepared_fails_its_own_cells_only(cli: Any) -> None:
    done = cli("sweep", "task=faulty", "task.fault=preparation,nothing", "model=lstm,rnn", *TINY, code=1)
    assert "2 of 4 runs failed" in done.stderr
    failed = [run for run in cli.runs() if run["status"] == "failed"]
    assert len(failed) == 2
    assert all("missing on purpose" in run["reason"] for run in failed)


def test_a_worker_killed_with_signal_9_takes_nothing_else_down(cli: Any) -> None:
    grid = ("sweep", "task=faulty", "task.fault=killed,nothing", "model=lstm", *TINY, "--workers", "1")
    done = cli(*grid, code=1)
    assert "1 of 2 runs failed" in done.stderr
    runs = {run["status"]: run for run in cli.runs()}
    assert set(runs) == {"finished", "failed"}
    assert runs["failed"]["reason"]
    cli(*grid, "--retry", "failed")  # it kills itself only once
    assert {run["status"] for run in cli.runs()} == {"finished"}


def test_a_crash_inside_a_library_leaves_its_last_words(cli: Any) -> None:
    cli("sweep", "task=faulty", "task.fault=crashed,nothing", "model=lstm", *TINY, code=1)
    (failed,) = (run for run in cli.runs() if run["status"] == "failed")
    assert failed["reason"] == "the worker process was killed by SIGSEGV"
    shown = cli("show", failed["key"][:12]).stdout
    assert "the last words" in shown
    assert "Segmentation fault" in shown
    assert "in setup" in shown


@pytest.mark.parametrize(
    ("fault", "option", "reason"),
    [
        ("stuck", ("--time-limit", "2s"), r"time limit of 2 s exceeded after \d+ s"),
        ("greedy", ("--memory-limit", "700MiB"), r"memory limit of 700 MiB exceeded: used .* after \d+ s"),
    ],
)
def test_a_run_beyond_its_limit_is_stopped_and_recorded(
    cli: Any, fault: str, option: tuple[str, ...], reason: str
) -> None:
    grid = ("sweep", "task=faulty", f"task.fault={fault}", "model=lstm", *TINY, "baselines=false")
    done = cli(*grid, *option, code=1)
    assert "1 of 1 runs failed" in done.stderr
    (run,) = cli.runs()
    assert run["status"] == "failed"
    assert re.fullmatch(reason, run["reason"])
    # The limit is the sweep's: without it the run is the same one, and is tried again where told to.
    (cli.folder / "healed").touch()
    cli(*grid, "--retry", "failed")
    (after,) = cli.runs()
    assert (after["key"], after["status"]) == (run["key"], "finished")


def test_a_single_run_that_fails_says_why_and_is_recorded(cli: Any) -> None:
    done = cli("run", "task=faulty", "task.fault=preparation", "model=lstm", *TINY, code=2)
    assert "the data of 'faulty' is missing on purpose" in done.stderr
    (run,) = cli.runs()
    assert run["status"] == "failed"
    assert "missing on purpose" in run["reason"]
