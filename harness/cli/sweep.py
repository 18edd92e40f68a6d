"""`harness sweep`: every cell of a grid in a pool of worker processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import hydra_words

if TYPE_CHECKING:
    from harness.sweeping import SweepResult
    from harness.sweeping.planning import PlannedRun

_OPTIONS = [
    ("--workers N", "runs at a time (default: one for each core, fewer where memory is short, one on an accelerator)"),
    ("--time-limit 30m", "stop a run that takes longer and record it as failed (the same as limits.time=30m)"),
    ("--memory-limit 4GiB", "stop a run whose processes use more memory (the same as limits.memory=4GiB)"),
    ("--dry-run", "print the cells, what would become of each, and how long it would take; write and run nothing"),
    ("--retry failed", "run again what failed earlier"),
    ("-h, --help", "show this text"),
]


def command(
    words: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", autocompletion=hydra_words)] = None,
    show_help: Annotated[bool, typer.Option("--help", "-h")] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    retry: Annotated[list[str] | None, typer.Option("--retry")] = None,
    time_limit: Annotated[str | None, typer.Option("--time-limit")] = None,
    memory_limit: Annotated[str | None, typer.Option("--memory-limit")] = None,
) -> None:
    """Run a grid of tasks, models, seeds and options; finished cells are not run again."""
    if show_help:
        from harness.cli.words import help_text

        print(help_text("sweep", _OPTIONS))
        return
    words = list(words or [])
    if time_limit is not None:
        words.append(f"limits.time='{time_limit}'")
    if memory_limit is not None:
        words.append(f"limits.memory='{memory_limit}'")
    sweep(words, workers=workers, dry_run=dry_run, retry=retry or [])


def sweep(
    words: list[str], *, workers: int | None = None, dry_run: bool = False, retry: list[str] | None = None
) -> None:
    """Run a sweep, print its table, and exit with 1 if runs failed."""
    from harness.runtime import tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.cli.results import print_sweep
    from harness.errors import ConfigError
    from harness.store import Store
    from harness.sweeping import run_sweep

    for state in retry or []:
        if state != "failed":
            raise ConfigError(f"--retry {state} does not exist; write --retry failed.")
    try:
        result = run_sweep(words, workers=workers, dry_run=dry_run, retry=retry or [])
    except KeyboardInterrupt:
        print("Stopped. Running cells are recorded as interrupted; the same command goes on.", file=sys.stderr)
        raise SystemExit(130) from None
    if dry_run:
        _print_plan(result)
        return
    with Store.open() as store:
        print_sweep(store, result.name)
    if result.failed:
        print(
            f"{len(result.failed)} of {len(result.planned)} runs failed; 'harness show KEY' tells more, "
            "'--retry failed' runs them again.",
            file=sys.stderr,
        )
    if result.interrupted:
        print(
            f"{len(result.interrupted)} of {len(result.planned)} runs were stopped from outside; the same command "
            "goes on with them.",
            file=sys.stderr,
        )
    if result.failed or result.interrupted:
        raise SystemExit(1)


def _print_plan(result: SweepResult) -> None:
    from harness.cli import output

    rows = [
        (
            run.plan.task,
            run.plan.model,
            run.plan.seed,
            run.settings.budget,
            run.plan.key[:12],
            run.state,
            _expected(result, run),
            run.reason,
        )
        for run in result.planned
    ]
    columns = ("task", "model", "seed", "budget", "key", "state", "expected time", "reason")
    output.table(columns, rows, title=f"Sweep '{result.name}'")


def _expected(result: SweepResult, run: PlannedRun) -> str:
    """From finished runs of the same task, model and budget."""
    from harness.sweeping.limits import duration

    seconds = result.estimates.get(run.plan.key)
    return "" if seconds is None or run.state == "incompatible" else duration(seconds)
