"""`harness report`: the comparison report of the store, of one sweep, or of several stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.paths import path_named

if TYPE_CHECKING:
    from harness.report.joined import Joined
    from harness.report.load import ReportData, RunSelection

FORMATS = ("html", "md", "csv", "tex", "svg", "png")  # of harness.report.pages, which --help must not import
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
) -> None:
    """Write the comparison report from the results store, and print the path of its page.

    Reads only the store: no task or model is run and nothing is trained. The report is an offline page, Markdown, and a
    file for every table and figure.
    """
    wanted = _formats(formats or [])
    chosen = selection(sweep, task, model, since)
    if site is not None:
        _check_site(compare, out)
        _write_site(site, stores or [], chosen, wanted, organization)
        return
    _check_no_stores(stores)
    from harness import report
    from harness.cli.output import say, waiting
    from harness.report.load import load
    from harness.store import Store
    from harness.store.engine import results_folder, store_url

    folder = out or results_folder() / "report"
    if not compare:
        with Store.open(create=False) as store, waiting("Making the report ..."):
            data = load(store, selection=chosen)
            page = report.build(store, folder, data=data, formats=wanted, extra=_extra(data, wanted, organization))
        say(str(page))
        return
    from harness.report.joined import joined

    with waiting("Joining the stores and making the report ..."), joined([store_url(), *compare]) as several:
        data = _loaded(several, chosen)
        page = report.build(several.store, folder, data=data, formats=wanted, extra=_extra(data, wanted, organization))
    say(str(page))


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


def _write_site(
    folder: Path, stores: Sequence[str], chosen: RunSelection, formats: Sequence[str], organization: str
) -> None:
    """The pages of several stores; exit code 1 if one was refused, after the pages are written."""
    from harness import report
    from harness.cli.output import say, waiting
    from harness.report.joined import joined_in_any_order
    from harness.store.place import store_url
    from harness.terminal import harmless

    with waiting("Merging the stores and making the pages ..."), joined_in_any_order(stores or [store_url()]) as found:
        data = _loaded(found, chosen)
        extra = [(".nojekyll", b""), *_extra(data, formats, organization)]
        page = report.build(found.store, folder, data=data, formats=formats, extra=extra)
    say(str(page))
    for name, reason in found.refused:
        typer.echo(harmless(f"Left out: {name}: {reason}"), err=True)
    if found.refused:
        raise typer.Exit(1)


def _extra(data: ReportData, formats: Sequence[str], organization: str) -> Iterator[tuple[str, bytes]]:
    """Files of formats that are written on request only."""
    if "every_eval_ever" in formats:
        from harness.report.exchange import every_eval

        yield from every_eval.files(data, organization)


def _loaded(found: Joined, chosen: RunSelection) -> ReportData:
    """The chosen runs of joined stores."""
    from harness.report.joined import stores_table
    from harness.report.load import load

    data = load(found.store, selection=chosen, stores=found.phrases, store_id=found.store_id)
    data.store_table = stores_table(found)
    return data


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
