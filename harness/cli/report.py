"""`harness report`: the comparison report of the store, of one sweep, or of several stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.paths import path_named

if TYPE_CHECKING:
    from harness.report.load import RunSelection

FORMATS = ("html", "md", "csv", "tex", "svg", "png", "json")  # of harness.report.pages, which --help must not import
ON_REQUEST = ("every_eval_ever",)

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
    stores: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STORE]...",
            help="With --site: results stores, as files, URLs, or folders with files *.db. Default: the results store.",
        ),
    ] = None,
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
            help=f"What to write: {', '.join(FORMATS)}, {', '.join(ON_REQUEST)}; several times or separated by commas. "
            "Default: all but the last.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=path_named("--out"), metavar="PATH", help="Folder to write to; default: results/report."),
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(
            parser=path_named("--site"),
            metavar="FOLDER",
            help="Write the pages of all STOREs to this folder, ready for a static web host.",
        ),
    ] = None,
    organization: Annotated[
        str, typer.Option("--organization", metavar="NAME", help="Who ran this, for --format every_eval_ever.")
    ] = "unknown",
    fail_unless: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-unless",
            metavar="CLAIM",
            help="Exit with 1 if the report does not support this: 'TASK: A > B', 'TASK: A >= B' (A not shown worse), "
            "'TASK: A is best' or 'TASK: A beats baselines'; may be given several times.",
        ),
    ] = None,
) -> None:
    """Write the comparison report from the results store, and print the path of its page.

    Reads only the store: no task or model is run and nothing is trained. The report is an offline page, Markdown, and a
    file for every table and figure.
    """
    wanted = Wanted(
        selection(sweep, task, model, since), _formats(formats or []), tuple(fail_unless or ()), organization
    )
    from harness.cli import reporting
    from harness.store.place import results_folder, store_url

    if site is not None:
        _check_site(compare, out)
        reporting.write_site(site, stores or [store_url()], wanted)
        return
    _check_no_stores(stores)
    folder = out or results_folder() / "report"
    if compare:
        reporting.write_joined(folder, [store_url(), *compare], wanted)
    else:
        reporting.write(folder, wanted)


@dataclass(frozen=True)
class Wanted:
    """What a report is asked for, beside its stores and folder.

    Attributes:
        selection: of runs.
        formats: to write.
        claims: that must hold, as they were typed.
        organization: who ran the evaluations.
    """

    selection: RunSelection
    formats: tuple[str, ...]
    claims: tuple[str, ...]
    organization: str


def _check_site(compare: Sequence[str] | None, out: Path | None) -> None:
    """Refuse options that --site replaces.

    Raises:
        ConfigError: one of them was given.
    """
    from harness.errors import ConfigError

    if compare:
        raise ConfigError("--compare does not go with --site: name every store after it (--site FOLDER STORE...).")
    if out is not None:
        raise ConfigError("--out does not go with --site, which names the folder itself.")


def _check_no_stores(stores: Sequence[str] | None) -> None:
    """Refuse stores where nothing says what to do with them.

    Raises:
        ConfigError: one was given.
    """
    from harness.errors import ConfigError

    if stores:
        raise ConfigError(
            f"'{stores[0]}' has no option before it: --site FOLDER {stores[0]} writes a site of the stores named, "
            f"--compare {stores[0]} shows its runs beside those of the results store."
        )


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
        if name not in (*FORMATS, *ON_REQUEST):
            raise UnknownNameError("report format", name, (*FORMATS, *ON_REQUEST))
    return tuple(dict.fromkeys(names)) or FORMATS
