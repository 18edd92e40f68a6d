"""The page of published claims: each with its verdict, and a table of its cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.report import formatting as fmt
from harness.report.load import ReportData
from harness.report.published_claims.claim import PublishedClaim
from harness.report.published_claims.files import claims_of
from harness.report.published_claims.verdicts import CellVerdict, ClaimOutcome, ClaimVerdict, Measured, judge_claim
from harness.report.statistics import Summary
from harness.report.tables import Column, Table, TableCell, TableRow

_MARKS = {
    ClaimOutcome.REPRODUCED: "right",
    ClaimOutcome.NOT_RUN: "na",
    ClaimOutcome.UNDECIDED: "quiet",
    ClaimOutcome.UNDERTRAINED: "quiet",
}


@dataclass(frozen=True)
class ClaimSection:
    """A claim on the page.

    Attributes:
        verdict: on it and its cells.
        table: a row for every cell.
    """

    verdict: ClaimVerdict
    table: Table

    @property
    def claim(self) -> PublishedClaim:
        """What was claimed."""
        return self.verdict.claim

    @property
    def sentence(self) -> str:
        """The verdict in a line."""
        return f"{self.claim.sweep}: {self.verdict.outcome.value} ({self.verdict.words})"


def claim_sections(data: ReportData) -> list[ClaimSection]:
    """Every claim that the reported runs were planned to decide.

    Raises:
        ConfigError: an experiment's claim cannot be read.
    """
    sweeps = {name for run in data.runs for name in run.sweeps}
    wanted = sweeps if data.sweep is None else sweeps & {data.sweep}
    judged = [judge_claim(claim, data.comparisons) for claim in claims_of(wanted)]
    return [ClaimSection(one, _table(one)) for one in judged]


def _table(found: ClaimVerdict) -> Table:
    columns = [
        Column("published"),
        Column("ours", "mean, 95 % interval", has_interval=True),
        Column("each seed", "highest first", numeric=False),
        Column("median"),
        Column("verdict", numeric=False),
        Column("why", numeric=False),
    ]
    name = "claim_" + "".join(c if c.isalnum() else "_" for c in found.claim.sweep.removeprefix("claim_"))
    table = Table(name, f"Cells of {found.claim.sweep}, published and measured", "Published cell", columns, prose=True)
    table.rows += [_row(cell, found.claim) for cell in found.cells]
    return table


def _row(found: CellVerdict, claim: PublishedClaim) -> TableRow:
    cell, why = found.cell, found.why
    published = cell.published if isinstance(cell.published, str) else None
    number = None if published is not None or cell.published is None else float(cell.published)
    values = found.ours.summary.values if found.ours else ()
    digits = max(fmt.decimals([*([number] if number is not None else []), *values]), 1)
    finite = math.isfinite(found.value)
    half = (found.high - found.low) / 2 if math.isfinite(found.high) else None
    shown = fmt.fixed(found.value, 2 if cell.compared == "ratio" else digits) if finite else "–"
    if finite and half is not None:
        low, high = (fmt.fixed(v, 2 if cell.compared == "ratio" else digits) for v in (found.low, found.high))
        shown += f" ({low} to {high})"
    about = cell.metric or claim.metric or "primary metric"
    what = about if cell.compared == "value" else f"{cell.compared} of {about}"
    cells = [
        TableCell(published or ("not said" if number is None else fmt.fixed(number, digits)), number),
        TableCell(shown, found.value if finite else None, half, note=what),
        TableCell(_seeds(found.ours, digits), links=_links(found)),
        TableCell(fmt.fixed(Summary(values).median, digits) if values else "–"),
        TableCell(found.outcome.value, mark=_MARKS.get(found.outcome, "")),
        TableCell(why[:1].upper() + why[1:]),
    ]
    return TableRow(TableCell(cell.title), cells)


def _seeds(measured: Measured | None, digits: int) -> str:
    """Every seed's value, the highest first."""
    if measured is None:
        return "–"
    return ", ".join(fmt.fixed(v, digits) for v in sorted(measured.summary.values, reverse=True)) or "–"


def _links(found: CellVerdict) -> tuple[str, ...]:
    sides = [side for side in (found.ours, found.rival) if side]
    return tuple(run.key for side in sides for run in side.entry.finished)
