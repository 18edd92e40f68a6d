"""`harness data`: fetch, list and verify data sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.task import Task

app = typer.Typer(help="Fetch, list or verify data sets.", no_args_is_help=True, rich_markup_mode=None)

Tasks = Annotated[
    list[str] | None,
    typer.Argument(help="Names of tasks, and options such as task.dataset=multi30k. None: all tasks."),
]


@app.command("fetch")
def fetch(tasks: Tasks = None) -> None:
    """Download and prepare data, once; what is cached is not fetched again."""
    _for_each(tasks, "Preparing", "ready", lambda task: task.prepare_data())


@app.command("verify")
def verify(tasks: Tasks = None) -> None:
    """Check the data in reach against the published checksums."""

    def check(task: Task) -> None:
        for source in task.sources():
            source.verify()

    _for_each(tasks, "Verifying", "as published", check)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False) -> None:
    """The same as 'harness list datasets'."""
    from harness.cli.listing import datasets

    datasets(json)


def _for_each(words: list[str] | None, doing: str, done: str, action: Callable[[Task], None]) -> None:
    """Do something for each task; a failure does not keep the others from being done."""
    from harness.cli.datasets import tasks_named
    from harness.cli.output import console
    from harness.errors import DataError

    stderr = console(stderr=True)
    problems = []
    for task in tasks_named(words or []):
        name = f"{task.name} ({task.dataset_name})"
        try:
            if stderr.is_terminal:
                with stderr.status(f"{doing} {name} ..."):
                    action(task)
            else:
                action(task)
            print(f"{name}: {done}")
        except DataError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise DataError("\n".join(problems))
