"""What `harness report` does: loads the runs of one or several stores, writes the report, checks claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness import report
from harness.cli.output import say, waiting
from harness.report.joined import Joined, joined, joined_in_any_order, stores_table
from harness.report.load import ReportData, load
from harness.report.published_claims.page import claim_sections
from harness.store import Store
from harness.terminal import harmless

if TYPE_CHECKING:
    from harness.cli.report import Wanted


def write(folder: Path, wanted: Wanted) -> None:
    """The report of the results store."""
    with Store.open(create=False) as store, waiting("Making the report ..."):
        page, broken = _build(store, load(store, selection=wanted.selection), folder, wanted)
    _end(page, broken)


def write_joined(folder: Path, sources: Sequence[str], wanted: Wanted) -> None:
    """The report of several stores, in order of precedence."""
    with waiting("Joining the stores and making the report ..."), joined(sources) as found:
        page, broken = _build(found.store, _loaded(found, wanted), folder, wanted)
    _end(page, broken)


def write_site(folder: Path, sources: Sequence[str], wanted: Wanted) -> None:
    """The pages of several stores for a static host; exit code 1 if one was refused, after the pages are written."""
    with waiting("Merging the stores and making the pages ..."), joined_in_any_order(sources) as found:
        page, broken = _build(found.store, _loaded(found, wanted), folder, wanted, [(".nojekyll", b"")])
    _end(page, [*(f"Left out: {name}: {reason}" for name, reason in found.refused), *broken])


def _build(
    store: Store, data: ReportData, folder: Path, wanted: Wanted, extra: Sequence[tuple[str, bytes]] = ()
) -> tuple[Path, list[str]]:
    """Write the report, and return its page and a sentence a claim that does not hold.

    Claims are read before anything is written, so that a mistyped one leaves the folder as it was.
    """
    judgements, broken = None, []
    if wanted.claims:
        from harness.report.exchange.claims import failures, parse
        from harness.report.exchange.contests import contests
        from harness.report.sections import judgements_of

        claims = [parse(text) for text in wanted.claims]
        judgements = judgements_of(store, data)
        broken = failures(claims, contests(data, judgements))
    files = [*extra, *_on_request(data, wanted)]
    page = report.build(store, folder, data=data, formats=wanted.formats, extra=files, judgements=judgements)
    for one in claim_sections(data):
        say(one.sentence)
    return page, broken


def _on_request(data: ReportData, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """Files of formats that are written only where they are named."""
    if "every_eval_ever" in wanted.formats:
        from harness.report.exchange import every_eval

        yield from every_eval.files(data, wanted.organization)


def _loaded(found: Joined, wanted: Wanted) -> ReportData:
    """The chosen runs of joined stores."""
    data = load(found.store, selection=wanted.selection, stores=found.phrases, store_id=found.store_id)
    data.store_table = stores_table(found)
    return data


def _end(page: Path, problems: Sequence[str]) -> None:
    """Say where the report is, and what is wrong with it.

    Raises:
        typer.Exit: there are problems.
    """
    say(str(page))
    for problem in problems:
        typer.echo(harmless(problem), err=True)
    if problems:
        raise typer.Exit(1)
