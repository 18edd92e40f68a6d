"""The table of published figures beside ours, for its page, Markdown, CSV and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report import formatting as fmt
from harness.report.load import ReportData
from harness.report.reproduction.figures import FigureVerdict, Outcome, findings
from harness.report.tables import Column, Table, TableCell, TableRow

_MARKS = {Outcome.REPRODUCED: "right", Outcome.NOT_RUN: "na", Outcome.NOT_COMPARABLE: "quiet"}
_ORDER = tuple(Outcome)


@dataclass(frozen=True)
class Reproduction:
    """What the page of published figures shows.

    Attributes:
        counts: (outcome, how many figures), those that occur.
        table: a row for every figure and model beside it.
    """

    counts: list[tuple[str, int]]
    table: Table


def reproduction(data: ReportData, headings: Sequence[str]) -> Reproduction | None:
    """Every published figure that the reported runs declare; None if they declare none.

    Args:
        data: what was loaded.
        headings: of the comparisons.
    """
    columns = [
        Column("published"),
        Column("measured under", numeric=False),
        Column("our model", numeric=False),
        Column("ours", "mean over seeds", has_interval=True),
        Column("ours − published"),
        Column("verdict", numeric=False),
        Column("why", numeric=False),
    ]
    table = Table("reproduction", "Published figures beside ours", "System", columns, prose=True)
    outcomes = []
    for comparison, heading in zip(data.comparisons, headings, strict=True):
        for finding in findings(comparison):
            outcomes.append(finding.outcome)
            table.rows.append(_row(table, finding, heading))
    if not outcomes:
        return None
    return Reproduction([(o.value, n) for o in _ORDER if (n := outcomes.count(o))], table)


def _row(table: Table, finding: FigureVerdict, heading: str) -> TableRow:
    published, ours = finding.published, finding.ours
    digits = max(fmt.decimals([published.value, *(ours.summary.values if ours else ())]), 1)
    source = table.footnote(f"Source: {published.source}")
    cells = [
        TableCell(fmt.fixed(published.value, digits), published.value, note=_unit(finding)),
        TableCell(published.protocol or "not said", mark="" if published.protocol else "quiet"),
    ]
    if ours is None:
        cells += [TableCell("–", hidden="no model", mark="quiet"), *(TableCell("–", hidden="no value") for _ in "ab")]
    else:
        mean, half = ours.summary.mean, ours.summary.half_width
        seeds = fmt.plural(ours.summary.seeds, "seed")
        finite = math.isfinite(mean)
        text = fmt.with_interval(mean, half, digits) if finite else "no value"
        difference = mean - published.value
        cells += [
            TableCell(ours.entry.label, links=tuple(r.key for r in ours.entry.finished)),
            TableCell(text, mean if finite else None, half if finite else None, note=seeds),
            TableCell(fmt.fixed(difference, digits), difference if finite else None),
        ]
    why = "; ".join([finding.why, *finding.remarks])
    cells += [
        TableCell(finding.outcome.value, mark=_MARKS.get(finding.outcome, "")),
        TableCell(why[:1].upper() + why[1:]),
    ]
    return TableRow(TableCell(published.system, footnote=source), cells, heading, heading)


def _unit(finding: FigureVerdict) -> str:
    scale = finding.scale
    return " ".join(p for p in (scale.title, scale.note) if p)
