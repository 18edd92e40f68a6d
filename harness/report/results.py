"""Metrics and their best: scales, means over seeds, verdicts, and the matrix of tasks and models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import formatting as fmt
from harness.report.load import Comparison, Entry, ReportData
from harness.report.statistics import Summary, Verdict, judge, summarise
from harness.report.tables import Cell, Column, Row, Table
from harness.store.query import RunView

BASELINES, PUBLISHED = "Baselines: no model plug-in", "Published elsewhere, not run here"


@dataclass(frozen=True)
class Scale:
    """A metric as declared: its name, unit and direction (None: not declared)."""

    name: str
    unit: str
    higher_is_better: bool | None

    @property
    def arrow(self) -> str:
        """The direction as a sign."""
        return {True: "↑", False: "↓", None: ""}[self.higher_is_better]

    @property
    def title(self) -> str:
        """The name for people: the unit's spelling where they are the same word, else without underscores."""
        if self._is_its_unit:
            return self.unit
        return self.name.upper() if len(self.name) <= 3 else self.name.replace("_", " ")

    @property
    def note(self) -> str:
        """Unit and direction, for a column's second line."""
        return " ".join(p for p in ("" if self._is_its_unit else self.unit, self.arrow) if p)

    @property
    def _is_its_unit(self) -> bool:
        return self.unit.lower() == self.name.lower().replace("_per_", "/") != ""


def scale_of(run: RunView, name: str) -> Scale:
    """A metric's unit and direction as the run's task declares them."""
    declared = run.units.get(name) or (run.primary if run.primary.get("name") == name else {})
    higher: Any = declared.get("higher_is_better")
    if name == "loss" and higher is None:
        higher = False
    return Scale(name, str(declared.get("unit") or ""), higher)


def primary_of(comparison: Comparison) -> Scale:
    """The scale of the primary metric."""
    return scale_of(comparison.any_run, str(comparison.primary.get("name") or "primary metric"))


def primary_summary(entry: Entry) -> Summary:
    """The primary metric on the test split over an entry's seeds."""
    return summarise([r.primary_value for r in entry.finished])


def verdict_of(comparison: Comparison) -> Verdict:
    """Which model is best, and what the seeds support."""
    summaries = {e.label: primary_summary(e) for e in comparison.entries}
    higher = primary_of(comparison).higher_is_better
    return judge(summaries, higher_is_better=True if higher is None else higher)


def starred(comparison: Comparison) -> str | None:
    """The label whose mean is marked as best; None without a contest."""
    verdict = verdict_of(comparison)
    return verdict.best if verdict.contested else None


def seeds_note(entry: Entry) -> str:
    """How many seeds a mean is over, and how many did not make it."""
    text = "one seed" if len(entry.finished) == 1 else f"{len(entry.finished)} seeds"
    lost = sum(r.status == "failed" for r in entry.others)
    open_ = sum(r.status in ("planned", "running", "interrupted") for r in entry.others)
    return text + (f", {lost} failed" if lost else "") + (f", {open_} not finished" if open_ else "")


# -- the matrix --------------------------------------------------------------------------------------


def matrix(data: ReportData, headings: Sequence[str]) -> Table:
    """Models in rows, comparisons in columns: the primary metric with its interval, or why there is none.

    Args:
        data: what was loaded.
        headings: of the columns, one a comparison.
    """
    columns = []
    for comparison, heading in zip(data.comparisons, headings, strict=True):
        scale = primary_of(comparison)
        columns.append(Column(heading, f"{scale.title} {scale.note}".strip(), has_interval=True))
    table = Table(
        "summary",
        "Primary metric on the test split: mean over seeds ± half width of its 95 % t interval",
        "Model",
        columns,
    )
    bests = [starred(c) for c in data.comparisons]
    for label in data.models:
        cells = [
            _matrix_cell(table, c, _find(c.entries, label), best=label == best)
            for c, best in zip(data.comparisons, bests, strict=True)
        ]
        table.rows.append(Row(Cell(label), cells))
    for name in dict.fromkeys(e.label for c in data.comparisons for e in c.baselines):
        cells = [_baseline_cell(table, c, _find(c.baselines, name)) for c in data.comparisons]
        table.rows.append(Row(Cell(name), cells, BASELINES, "baseline"))
    return table


def _find(entries: Sequence[Entry], label: str) -> Entry | None:
    return next((e for e in entries if e.label == label), None)


def _matrix_cell(table: Table, comparison: Comparison, entry: Entry | None, *, best: bool) -> Cell:
    if entry is None or not entry.finished:
        reason = entry.why_missing if entry else "not run under these conditions"
        return Cell("n/a", mark="na", footnote=table.footnote(reason))
    return mean_cell(primary_summary(entry), _digits(comparison), seeds_note(entry), best=best)


def _baseline_cell(table: Table, comparison: Comparison, entry: Entry | None) -> Cell:
    if entry is None:
        return Cell("", hidden="not a baseline of this task", mark="quiet")
    return _matrix_cell(table, comparison, entry, best=False)


def _digits(comparison: Comparison) -> int:
    everything = [*comparison.entries, *comparison.baselines]
    return fmt.decimals(primary_summary(e).mean for e in everything if e.finished)


def mean_cell(summary: Summary, digits: int, note: str = "", *, best: bool = False) -> Cell:
    """A mean with its interval; a dash where there is no value."""
    if not summary.seeds:
        return Cell("–", hidden="this metric has no value here", mark="quiet", note=note)
    return Cell(
        fmt.with_interval(summary.mean, summary.half_width, digits),
        value=summary.mean,
        half_width=summary.half_width,
        note=note,
        mark="best" if best else "",
    )
