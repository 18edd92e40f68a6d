"""`harness sweep`: every cell of a grid in a pool of worker processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.sweeping import SweepResult

_OPTIONS = [
    ("--workers N", "processes at a time, one thread each (default: one for each core)"),
    ("--dry-run", "print the cells and what would become of each; write and run nothing"),
    ("--retry failed", "run again what failed earlier"),
    ("-h, --help", "show this text"),
]


def command(
    context: typer.Context,
    show_help: Annotated[bool, typer.Option("--help", "-h")] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    retry: Annotated[list[str] | None, typer.Option("--retry")] = None,
) -> None:
    """Run a grid of tasks, models, seeds and options; finished cells are not run again."""
    if show_help:
        from harness.cli.words import help_text

        print(help_text("sweep", _OPTIONS))
        return
    sweep(context.args, workers=workers, dry_run=dry_run, retry=retry or [])


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
        raise SystemExit(1)


def _print_plan(result: SweepResult) -> None:
    from harness.cli import output

    rows = [
        (run.plan.task, run.plan.model, run.plan.seed, run.settings.budget, run.plan.key[:12], run.state, run.reason)
        for run in result.planned
    ]
    output.table(("task", "model", "seed", "budget", "key", "state", "reason"), rows, title=f"Sweep '{result.name}'")
