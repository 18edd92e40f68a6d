"""`harness new`: creates a package with a plug-in, ready to install."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.completion import plugin_names
from harness.cli.paths import path_named

app = typer.Typer(help="Start a plug-in in a package of your own.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Name that users type; a lower-case identifier.")]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        parser=path_named("--into"),
        metavar="PATH",
        help="Folder to write; default: harness-NAME in the working folder.",
    ),
]


@app.command("model")
def model(
    name: Name,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", help="Copy this installed model instead of a small example.", autocompletion=plugin_names("model")
        ),
    ] = None,
    into: Into = None,
) -> None:
    """Write a pip package with a model, its tests, an experiment and a workflow."""
    _create("model", name, start, into)


@app.command("task")
def task(
    name: Name,
    into: Into = None,
) -> None:
    """Write a pip package with a task, its tests, an experiment and a workflow."""
    _create("task", name, None, into)


@app.command("target")
def target(
    name: Name,
    into: Into = None,
) -> None:
    """Write a pip package with a target, a small task that uses it, their tests and an experiment."""
    _create("target", name, None, into)


@app.command("dataset")
def dataset(
    name: Name,
    of: Annotated[str, typer.Option("--for", help="The task that it is for.", autocompletion=plugin_names("task"))],
    into: Into = None,
) -> None:
    """Write a pip package with a data set for an installed task, its tests, an experiment and a workflow."""
    _create("dataset", name, None, into, of)


def _create(kind: str, name: str, start: str | None, into: Path | None, of: str | None = None) -> None:
    from harness.scaffold import create

    package = create(kind, name, start=start, of=of, into=into)
    what = "data set" if kind == "dataset" else kind
    print(f"{len(package.files)} files in {package.folder}; the {what} is {package.module}. Next:\n")
    print(f"  pip install -e {shlex.quote(os.path.join('.', f'{package.folder}[test]'))}")
    print(f"  harness check {name if of is None else f'dataset.{of}.{name}'}")
    print(f"  harness sweep experiment={name}")
    print(f"  harness report --sweep {name}")
