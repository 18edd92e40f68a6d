"""`harness run`: one run in this process, on all cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import hydra_words

if TYPE_CHECKING:
    from harness.config.settings import RunSettings
    from harness.store.records import RunPlan

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
            _execute(*_ready(words or []))
        except KeyboardInterrupt:
            message = "Stopped. The run is recorded as interrupted; the same command goes on from its checkpoint."
            print(message, file=sys.stderr)
            raise SystemExit(130) from None


def _print_config(words: list[str], what: str, resolve: bool) -> None:
    from omegaconf import OmegaConf

    from harness.config import compose
    from harness.errors import ConfigError

    if what != "job":
        raise ConfigError(f"--cfg {what} does not exist; write --cfg job.")
    print(OmegaConf.to_yaml(compose(words), resolve=resolve), end="")


def _ready(words: list[str]) -> tuple[RunSettings, RunPlan]:
    """Settings and plan, with all that a run needs imported."""
    from harness.runtime import import_lightning, importing, tune_allocator

    tune_allocator()  # before anything imports torch
    with importing():
        from harness.sweeping.single_run import prepared

        settings, plan = prepared(words)
        import_lightning()
        import_module("harness.training.execute")
    return settings, plan


def _execute(settings: RunSettings, plan: RunPlan) -> None:
    from harness.cli.results import print_run
    from harness.store import AlreadyFinished, AlreadyRunning, Store
    from harness.store.engine import results_folder
    from harness.store.query import run as find_run
    from harness.training.execute import execute

    with Store.open() as store:
        store.plan(plan)
        try:
            with _progress(f"{plan.task} × {plan.model}") as on_progress, _machine(settings):
                execute(
                    settings,
                    plan,
                    store_url=None,
                    results=results_folder(),
                    on_progress=on_progress,
                    on_stop=_say_stopping,
                )
        except SystemExit:  # what Lightning makes of Ctrl-C
            raise KeyboardInterrupt from None
        except AlreadyFinished:
            print("This run is finished already; these are its results.")
        except AlreadyRunning:
            print("Another process is running this run at the moment.")
        print_run(find_run(store, plan.key))
        print(f"Run folder: {results_folder() / 'runs' / plan.key}")


def _say_stopping() -> None:
    # Called from a signal's handler, which may have interrupted a print.
    os.write(2, b"Stopping: the checkpoint is written after this step; Ctrl-C again stops at once.\n")


@contextmanager
def _machine(settings: RunSettings) -> Iterator[None]:
    """The machine for the run alone where that is asked for (exclusive=true)."""
    if not settings.exclusive:
        yield
        return
    from harness.sweeping.machine_lock import machine_lock

    def say() -> None:
        print("Waiting for another exclusive run of this machine to end.", file=sys.stderr)

    with machine_lock(alone=True, on_wait=say):
        yield


@contextmanager
def _progress(label: str) -> Iterator[Callable[[float, str], None] | None]:
    """A bar on standard error, on a terminal only."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from harness.cli.output import console

    stderr = console(stderr=True)
    if not stderr.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as progress:
        bar = progress.add_task(label, total=None, state="preparing")
        yield lambda fraction, text: progress.update(bar, completed=fraction, total=1.0, state=text)
