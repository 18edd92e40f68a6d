"""`harness report`: the comparison report of the store, of one sweep, or of several stores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.paths import path_named

if TYPE_CHECKING:
    from harness.report.load import RunSelection

FORMATS = ("html", "md", "csv", "tex", "svg", "png")  # of harness.report.pages, which --help must not import

Sweep = Annotated[str | None, typer.Option("--sweep", metavar="NAME", help="Only the runs of this sweep.")]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", metavar="NAME", help="Only this task; may be given several times.")
]
Models = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME", help="Only this model; may be given several times.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Only runs since a date (2026-11-01, UTC) or an age (90m, 12h, 7d)."),
]


def command(
    sweep: Sweep = None,
    task: Tasks = None,
    model: Models = None,
    since: Since = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            metavar="STORE",
            help="Another results store, as a file or URL, whose runs are included; may be given several times.",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"What to write: {', '.join(FORMATS)}; several times or separated by commas. Default: all.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=path_named("--out"), metavar="PATH", help="Folder to write to; default: results/report."),
    ] = None,
) -> None:
    """Write the comparison report from the results store, and print the path of its page.

    Reads only the store: no plug-in is run and nothing is trained. The report is an offline page, Markdown, and a file
    for every table and figure.
    """
    wanted = _formats(formats or [])
    chosen = selection(sweep, task, model, since)
    from harness import report
    from harness.cli.output import say, waiting
    from harness.report.load import load
    from harness.store import Store
    from harness.store.engine import results_folder, store_url

    folder = out or results_folder() / "report"
    if not compare:
        with Store.open(create=False) as store, waiting("Making the report ..."):
            page = report.build(store, folder, data=load(store, selection=chosen), formats=wanted)
        say(str(page))
        return
    from harness.report.joined import joined

    with waiting("Joining the stores and making the report ..."), joined([store_url(), *compare]) as several:
        data = load(several.store, selection=chosen, stores=several.phrases, store_id=several.store_id)
        page = report.build(several.store, folder, data=data, formats=wanted)
    say(str(page))


def selection(
    sweep: str | None, tasks: Sequence[str] | None, models: Sequence[str] | None, since: str | None
) -> RunSelection:
    """The runs that the options select.

    Raises:
        ConfigError: `since` is neither a date nor an age.
    """
    import time

    from harness.report import selection as s

    moment, words = s.since(since, time.time()) if since is not None else (None, "")
    return s.RunSelection(sweep, _several(tasks), _several(models), moment, words)


def _several(names: Sequence[str] | None) -> tuple[str, ...]:
    """Names without duplicates."""
    return tuple(dict.fromkeys(names or ()))


def _formats(given: Sequence[str]) -> tuple[str, ...]:
    """Formats without duplicates, with lists split; all formats if none is given.

    Raises:
        UnknownNameError: there is no such format.
    """
    from harness.errors import UnknownNameError

    names = [name.strip().lower() for words in given for name in words.split(",") if name.strip()]
    for name in names:
        if name not in FORMATS:
            raise UnknownNameError("report format", name, FORMATS)
    return tuple(dict.fromkeys(names)) or FORMATS
