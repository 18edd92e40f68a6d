"""`harness run`: a sweep of one cell, in this process and on all its cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import hydra_words

if TYPE_CHECKING:
    from harness.store import Store
    from harness.sweeping.planning import PlannedRun
    from harness.sweeping.sweep import SweepResult

_OPTIONS = [
    ("-m, --multirun", "run every cell of a grid: the same as 'harness sweep'"),
    ("--cfg job", "print the configuration of the run instead of running it"),
    ("--resolve", "with --cfg: replace interpolations by their values"),
    ("-h, --help", "show this text"),
]


def command(
    words: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", autocompletion=hydra_words)] = None,
    multirun: Annotated[bool, typer.Option("--multirun", "-m")] = False,
    show_help: Annotated[bool, typer.Option("--help", "-h")] = False,
    cfg: Annotated[str, typer.Option("--cfg")] = "",
    resolve: Annotated[bool, typer.Option("--resolve")] = False,
) -> None:
    """Train and test one model on one task."""
    if show_help:
        from harness.cli.words import help_text

        print(help_text("run", _OPTIONS))
    elif cfg:
        _print_config(words or [], cfg, resolve)
    elif multirun:
        from harness.cli.sweep import sweep

        sweep(words or [])
    else:
        try:
            _run(words or [])
        except KeyboardInterrupt:
            message = "Stopped. The run is recorded as interrupted; the same command resumes from its checkpoint."
            print(message, file=sys.stderr)
            raise SystemExit(130) from None


def _print_config(words: list[str], what: str, resolve: bool) -> None:
    from omegaconf import OmegaConf

    from harness.config import compose
    from harness.errors import ConfigError

    if what != "job":
        raise ConfigError(f"--cfg {what} does not exist; write --cfg job.")
    print(OmegaConf.to_yaml(compose(words), resolve=resolve), end="")


def _run(words: list[str]) -> None:
    """Run the cell and print its results."""
    from harness.runtime import tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.cli import output
    from harness.store import Store
    from harness.store.engine import results_folder

    with ExitStack() as opened:
        store = cache(lambda: opened.enter_context(Store.open()))
        run = _planned(words, store)
        from harness.sweeping.run_display import RunDisplay
        from harness.sweeping.sweep import run_one

        display = RunDisplay(output.console(stderr=True))
        result = run_one(run, store(), results_folder(), display, on_stop=_say_stopping)
        _print(result, store())


def _planned(words: list[str], store: Callable[[], Store]) -> PlannedRun:
    """The plan; imports everything that running it needs."""
    from harness.runtime import import_lightning, importing

    with importing():
        from harness.sweeping.launchers import LOCAL
        from harness.sweeping.single_run import plan_one

        run = plan_one(words, store)
        if run.launcher != LOCAL:
            import_lightning()
            import_module("harness.training.execute")
    return run


def _print(result: SweepResult, store: Store) -> None:
    """Print the results of the run, or what happened instead.

    Raises:
        Exception: the error that the run raised.
    """
    from harness.cli.results import print_run
    from harness.errors import HarnessError, UserError
    from harness.store.engine import results_folder
    from harness.store.query import run as find_run

    (run,) = result.planned
    outcome = result.outcomes.get(run.plan.key)
    if outcome is not None and outcome.raised is not None:
        if isinstance(outcome.raised, OSError):  # a disk or a folder, and no mistake in a program
            raise HarnessError(f"The run failed ({outcome.error}); the same command tries again.") from outcome.raised
        raise outcome.raised
    if outcome is not None and outcome.status != "done":  # the run had a process of its own, which kept the traceback
        failed = UserError if outcome.user_error else HarnessError
        raise failed(f"{outcome.error} ('harness show {run.plan.key[:12]}' shows more)")
    if run.state == "finished":
        print("This run is finished already; these are its results.")
    if result.elsewhere:
        print("Another process is running this run at the moment.")
    print_run(find_run(store, run.plan.key))
    print(f"Run folder: {results_folder() / 'runs' / run.plan.key}")


def _say_stopping() -> None:
    # Called from a signal handler, which may have interrupted a print.
    with suppress(OSError):  # nobody may be reading it
        os.write(2, b"Stopping: the checkpoint is written after this step; Ctrl-C again stops at once.\n")
