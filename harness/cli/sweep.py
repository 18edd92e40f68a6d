"""`harness sweep`: every cell of a grid, each in a worker process of its own."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, nullcontext, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import hydra_words

if TYPE_CHECKING:
    from harness.sweeping.looks import SeedPlan
    from harness.sweeping.planning import PlannedRun
    from harness.sweeping.sweep import SweepResult
    from harness.sweeping.sweep_display import SweepDisplay

_OPTIONS = [
    ("--workers N", "runs at a time (default: one for each core, fewer where memory is short, one on an accelerator)"),
    ("--time-limit 30m", "stop a run that takes longer and record it as failed (the same as limits.time=30m)"),
    ("--memory-limit 4GiB", "stop a run whose processes use more memory (the same as limits.memory=4GiB)"),
    ("--dry-run", "print the cells, what would be done with each, and how long it would take; write and run nothing"),
    ("--retry failed", "run cells again that failed earlier"),
    (
        "--until-decided 3,5,10",
        "seeds 0 to 2 first, then up to 5 and 10 where the report cannot decide, its level split over these looks",
    ),
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
    until_decided: Annotated[str | None, typer.Option("--until-decided")] = None,
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
    sweep(words, workers=workers, dry_run=dry_run, retry=retry or [], until_decided=until_decided)


def sweep(
    words: list[str],
    *,
    workers: int | None = None,
    dry_run: bool = False,
    retry: list[str] | None = None,
    until_decided: str | None = None,
) -> None:
    """Run a sweep, print its table, and exit with 1 if runs failed."""
    from harness.runtime import tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.errors import ConfigError

    for state in retry or []:
        if state != "failed":
            raise ConfigError(f"--retry {state} does not exist; write --retry failed.")
    plan = None if until_decided is None else _seed_plan(until_decided)
    words = words if plan is None else plan.expanded(words)
    if dry_run:
        _look(words, retry or [], plan)
        return
    try:
        result = _run(words, workers, retry or [], plan)
    except KeyboardInterrupt:
        print("Stopped. Running cells are recorded as interrupted; the same command resumes them.", file=sys.stderr)
        raise SystemExit(130) from None
    if result.failed:
        print(
            f"{len(result.failed)} of {len(result.planned)} runs failed; 'harness show KEY' shows more, "
            "'--retry failed' runs them again.",
            file=sys.stderr,
        )
    if result.interrupted:
        print(
            f"{len(result.interrupted)} of {len(result.planned)} runs were stopped from outside; the same command "
            "resumes them.",
            file=sys.stderr,
        )
    if result.failed or result.interrupted:
        raise SystemExit(1)


def _seed_plan(text: str) -> SeedPlan:
    from harness.report.statistics import FEW_SEEDS
    from harness.sweeping.looks import SeedPlan

    return SeedPlan.parse(text, FEW_SEEDS)


def _run(words: list[str], workers: int | None, retry: list[str], plan: SeedPlan | None) -> SweepResult:
    """Run the cells that are not finished, and print the table of all."""
    from harness.cli.results import print_sweep
    from harness.errors import ConfigError
    from harness.store import Store
    from harness.store.engine import results_folder
    from harness.sweeping.launchers import INLINE, LOCAL
    from harness.sweeping.launchers.forkserver import forking
    from harness.sweeping.sweep import launcher_of, run_cells
    from harness.sweeping.sweep_display import SweepDisplay

    display = SweepDisplay()
    # The fork server imports its modules while the cells are planned.
    with forking() if f"launcher={INLINE}" not in words else nullcontext():
        planned = _plan(words, display)
        launcher = launcher_of(planned, LOCAL)
        if launcher == INLINE and workers is not None:
            raise ConfigError("--workers is for launcher=local: with launcher=inline one cell runs at a time.")
        with Store.open() as store:

            def run(cells: list[PlannedRun]) -> SweepResult:
                return run_cells(
                    cells,
                    store,
                    results_folder(),
                    display,
                    launcher=launcher,
                    workers=workers,
                    retry=retry,
                    on_stop=_say_stopping,
                )

            if plan is None:
                result = run(planned)
            else:
                from harness.sweeping.until_decided import run_until_decided

                result = run_until_decided(planned, plan, store, run, display.say)
            print_sweep(store, result.name)
    return result


def _look(words: list[str], retry: list[str], plan: SeedPlan | None) -> None:
    """Print what a sweep would do with the cells; with looks planned, with those before the first."""
    from harness.cli import output
    from harness.errors import StoreError
    from harness.store import Store
    from harness.sweeping.sweep import look
    from harness.sweeping.sweep_display import SweepDisplay

    planned = _plan(words, SweepDisplay())
    with ExitStack() as opened:
        try:
            store: Store | None = opened.enter_context(Store.open(create=False))
        except StoreError:
            store = None  # a dry run works without a store
        _print_plan(look(planned if plan is None else plan.first(planned), store, retry=retry))
    if plan is not None:
        output.say(f"{_looks(plan, planned)}\n")


def _looks(plan: SeedPlan, planned: list[PlannedRun]) -> str:
    """What may follow the cells before the first look."""
    from harness.sweeping.until_decided import plan_words

    most = plan.most(planned)
    if not most:
        return f"{plan_words(plan)}."
    more = f"at most {most} further runs, with seeds up to {plan.looks[-1] - 1}"
    return f"{plan_words(plan)}. Where a comparison is undecided, more seeds follow for all of its models: {more}."


def _plan(words: list[str], display: SweepDisplay) -> list[PlannedRun]:
    from harness.config import expand
    from harness.runtime import importing
    from harness.sweeping.planning import plan_cells

    with display.waiting("Composing the cells"), importing():
        return plan_cells(expand(words))


def _say_stopping() -> None:
    # Called from a signal handler, which may have interrupted a print.
    with suppress(OSError):  # nobody may be reading it
        os.write(2, b"Stopping: the checkpoint is written after this step; Ctrl-C again stops at once.\n")


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
    """The expected time, from finished runs of the same task, model and budget."""
    from harness.sweeping.limits import duration

    seconds = result.estimates.get(run.plan.key)
    return "" if seconds is None or run.state == "incompatible" else duration(seconds)
