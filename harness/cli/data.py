"""`harness data`: fetch, list, verify, inspect and time data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import plugin_names
from harness.data.content_hash import ReadAnew, read_anew
from harness.data.foreign import shown
from harness.data.progress import waiting

if TYPE_CHECKING:
    from harness.cli.starting import Start
    from harness.contract.task import Task, TaskData
    from harness.data.contamination import Findings

_NAMED = 5  # how many duplicates are named

app = typer.Typer(
    help="Fetch, list, verify or time data sets; inspect data of your own.", no_args_is_help=True, rich_markup_mode=None
)

Tasks = Annotated[
    list[str] | None,
    typer.Argument(
        help="Names of tasks or data sets, and options such as task.root=FOLDER. None: all tasks.",
        autocompletion=plugin_names("task", "dataset"),
    ),
]


@app.command("fetch")
def fetch(tasks: Tasks = None) -> None:
    """Download and prepare data; cached data is not fetched again."""

    def prepare(task: Task) -> str:
        with waiting(f"Preparing {task.dataset_name}"):
            task.prepare_data()
        return "ready"

    _for_each(tasks, prepare)


@app.command("verify")
def verify(
    tasks: Tasks = None,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every file anew, also those that cannot have changed.")
    ] = False,
) -> None:
    """Check data against published checksums, and that held-out examples do not occur in other splits.

    A test or validation example that also occurs in training or validation data makes scores meaningless. Such examples
    are counted and named, and the exit code is 1. See "Copies between splits" in the documentation.

    Files are read again where size, times or inode say that they may have changed. --rehash reads all of them, prepared
    data too; a file that had changed without a sign is named, remembered as it is now, and the exit code is 1.
    """
    contaminated: list[str] = []
    changed: list[Path] = []

    def check(task: Task) -> str:
        with waiting(f"Verifying {task.dataset_name}"), read_anew() if rehash else nullcontext() as anew:
            for source in task.sources():
                source.verify()
            task.prepare_data()
        data = task.setup()
        found = _compared(task, data)
        if found.duplicates:
            contaminated.append(f"{task.name} ({task.dataset_name})")
        if anew is None:
            return f"as published; {_findings(found)}"
        changed.extend(anew.silently_changed)
        return f"as published; {_findings(found)}; {_read_again(anew)}"

    _for_each(tasks, check)
    if changed:
        print(
            "Files had changed while size, times and inode stayed the same; their content is remembered as it is now. "
            "Results that were computed since are of the content remembered before: run them again.",
            file=sys.stderr,
        )
    if contaminated:
        print(
            f"Held-out examples also occur in training or validation data of {', '.join(contaminated)}.",
            file=sys.stderr,
        )
    if contaminated or changed:
        raise SystemExit(1)


def _row(start: Start) -> tuple[str, str, str]:
    return f"{start.seconds:.2f}", f"{start.cpu_seconds:.2f}", f"{start.peak_bytes / 2**20:,.0f}"


def _read_again(anew: ReadAnew) -> str:
    """Text: how many files were read, and which of them had changed without a sign."""
    names = ", ".join(shown(path) for path in anew.silently_changed[:_NAMED])
    more = ", …" if len(anew.silently_changed) > _NAMED else ""
    unseen = f", of which {len(anew.silently_changed)} had changed without a sign: {names}{more}" if names else ""
    return f"{anew.files:,} files read anew{unseen}"


def _compared(task: Task, data: TaskData) -> Findings:
    """Run the contamination guard on a task's data, with a progress bar on a terminal."""
    from rich.progress import Progress

    from harness.cli.output import console
    from harness.data.contamination import SPLITS, examine

    stderr = console(stderr=True)
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        total = sum(len(getattr(data, split)) for split in SPLITS)
        bar = progress.add_task(f"Comparing examples of {task.dataset_name}", total=total)
        return examine(data, lambda: progress.advance(bar))


def _findings(found: Findings) -> str:
    """Text: how many examples were compared, how many occur elsewhere, and the first of them."""
    counts = found.compared
    words = [
        f"{counts['test']:,} test and {counts['val']:,} validation examples compared with {counts['train']:,} for "
        "training"
    ]
    if found.passage and found.unit == "characters":
        words.append(
            f"{100 * found.shared['test']:.2f} % of test characters in passages of {found.passage} or more that also "
            "occur in training or validation data"
        )
    if not found.duplicates:
        return "; ".join([*words, "no duplicates"])
    named = ", ".join(map(str, found.duplicates[:_NAMED])) + (", …" if len(found.duplicates) > _NAMED else "")
    counted = f"{len(found.of('test')):,} test and {len(found.of('val')):,} validation examples are duplicates"
    return "; ".join([*words, f"{counted}: {named}"])


@app.command("time")
def time(
    tasks: Tasks = None,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False,
) -> None:
    """Measure what data takes to start, the first time (cold) and from then on (warm), and how much memory.

    Each is a process of its own, in a new cache folder that is removed afterwards; nothing is downloaded again.
    """
    import dataclasses

    from harness.cli import output
    from harness.cli.starting import cold_and_warm
    from harness.registry.discovery import registry

    words = tasks or []
    options = [word for word in words if "=" in word]
    names = [word for word in words if "=" not in word]
    each = [[name] for name in names or ([] if options else registry().names("task"))] or [[]]
    found = [cold_and_warm([*name, *options]) for name in each]
    if json:
        output.as_json([{"cold": dataclasses.asdict(cold), "warm": dataclasses.asdict(warm)} for cold, warm in found])
        return
    columns = ("data", *(f"{start}, {unit}" for start in ("cold", "warm") for unit in ("s", "CPU s", "MiB")))
    output.table(columns, [(cold.name, *_row(cold), *_row(warm)) for cold, warm in found], title="Start of data sets")


@app.command("inspect")
def inspect(
    path: Annotated[Path, typer.Argument(help="A file or a folder.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False,
) -> None:
    """Say what a file or folder of your own holds, what is odd about it, and which commands run on it.

    Known are tables (CSV, TSV, JSON, JSON Lines), text, parallel text, tagged words (CoNLL-U, columns), series (.ts),
    music, recordings with transcripts or in folders of classes, and films in folders of classes. Nothing is written.
    """
    from harness.cli import output
    from harness.cli.inspecting import as_json, print_finding
    from harness.data.inspection import inspect as look

    found = look(path)
    if json:
        output.as_json([as_json(where, finding) for where, finding in found])
        return
    for where, finding in found:
        print_finding(where, finding)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False) -> None:
    """The same as 'harness list datasets'."""
    from harness.cli.listing import datasets

    datasets(json)


def _for_each(words: list[str] | None, action: Callable[[Task], str]) -> None:
    """Call `action` for each task and print the result; continue after a failure."""
    from harness.cli.datasets import tasks_named
    from harness.errors import DataError

    problems = []
    for task in tasks_named(words or []):
        name = f"{task.name} ({task.dataset_name})"
        try:
            print(f"{name}: {action(task)}")
        except DataError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise DataError("\n".join(problems))
