"""Metrics: scales, means over seeds, ranks, and the matrix of tasks and models."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import formatting as fmt
from harness.report.load import Comparison, Entry, ReportData
from harness.report.statistics import Summary, interval_words
from harness.report.statistics.pair_tests import same_mean
from harness.report.tables import Column, Table, TableCell, TableRow
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
        """The display name: the unit's spelling if they are the same word, else without underscores."""
        if self._is_its_unit:
            return self.unit
        return self.name.upper() if len(self.name) <= 3 else self.name.replace("_", " ")

    @property
    def measured(self) -> str:
        """What follows a value in running text: "BLEU ↑", "% accuracy ↑"."""
        unit = self.unit if self._is_its_unit or "/" in self.unit else f"{self.unit} {self.title}"
        return f"{unit} {self.arrow}".strip()

    @property
    def note(self) -> str:
        """Unit and direction, for a column's second line."""
        return " ".join(p for p in ("" if self._is_its_unit else self.unit, self.arrow) if p)

    @property
    def _is_its_unit(self) -> bool:
        unit, name = self.unit.lower(), self.name.lower()
        return unit != "" and unit in (name.replace("_per_", "/"), name.replace("_", "-"))


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
    """The primary metric on the test split over an entry's seeds; the mean is NaN where a seed has no value."""
    return Summary(tuple(math.nan if r.primary_value is None else r.primary_value for r in entry.finished))


def seeds_note(entry: Entry) -> str:
    """How many seeds a mean is over, and how many are missing."""
    text = "one seed" if len(entry.finished) == 1 else f"{len(entry.finished)} seeds"
    lost = sum(r.status == "failed" for r in entry.others)
    open_ = sum(r.status in ("planned", "running", "interrupted") for r in entry.others)
    odd = sum(r.primary_value is None for r in entry.finished)  # not a number, so there is no mean
    text += f", {odd} without a value" if odd else ""
    return text + (f", {lost} failed" if lost else "") + (f", {open_} not finished" if open_ else "")


# -- the matrix --------------------------------------------------------------------------------------


def matrix(data: ReportData, headings: Sequence[str], leaders: Sequence[Collection[str]]) -> Table:
    """Models in rows, comparisons in columns: the primary metric with interval and rank, or why there is none.

    Args:
        data: what was loaded.
        headings: of the columns, one per comparison.
        leaders: labels with the best mean, several if tied, one collection per comparison.
    """
    columns = []
    for comparison, heading in zip(data.comparisons, headings, strict=True):
        scale = primary_of(comparison)
        columns.append(Column(heading, f"{scale.title} {scale.note}".strip(), has_interval=True))
    summaries = [primary_summary(e) for c in data.comparisons for e in c.entries]
    split = "the test split" if all(c.conditions.split == "test" for c in data.comparisons) else "the final split"
    table = Table(
        "summary",
        f"Primary metric on {split}: mean over seeds ± half width of its {interval_words(summaries)}",
        "Model",
        columns,
    )
    places = [ranks(c) for c in data.comparisons]
    for label in data.models:
        cells = [
            _matrix_cell(table, c, _find(c.entries, label), best=label in best, rank=rank.get(label, ""))
            for c, best, rank in zip(data.comparisons, leaders, places, strict=True)
        ]
        table.rows.append(TableRow(TableCell(label), cells))
    for name in dict.fromkeys(e.label for c in data.comparisons for e in c.baselines):
        cells = [
            _baseline_cell(table, c, _find(c.baselines, name), rank.get(name, ""))
            for c, rank in zip(data.comparisons, places, strict=True)
        ]
        table.rows.append(TableRow(TableCell(name), cells, BASELINES, "baseline"))
    return table


def _find(entries: Sequence[Entry], label: str) -> Entry | None:
    return next((e for e in entries if e.label == label), None)


def ranks(comparison: Comparison) -> dict[str, str]:
    """The rank of every mean among models and baselines ("rank 1 of 6"); equal means share the better rank.

    Shared ranks say so ("rank 1 of 6, tied"). Those without a finite mean have none.
    """
    everyone = [*comparison.entries, *comparison.baselines]
    means = {e.label: primary_summary(e).mean for e in everyone if e.finished}
    means = {label: mean for label, mean in means.items() if math.isfinite(mean)}
    ordered = sorted(means.values(), reverse=primary_of(comparison).higher_is_better is not False)
    places = {}
    for label, mean in means.items():
        equal = [i for i, other in enumerate(ordered, 1) if same_mean(mean, other)]
        places[label] = f"rank {equal[0]} of {len(means)}{', tied' if len(equal) > 1 else ''}"
    return places


def _matrix_cell(table: Table, comparison: Comparison, entry: Entry | None, *, best: bool, rank: str = "") -> TableCell:
    if entry is None or not entry.finished:
        reason = entry.why_missing if entry else "not run under these conditions"
        return TableCell("n/a", mark="na", footnote=table.footnote(reason))
    note = f"{rank}; {seeds_note(entry)}" if rank else seeds_note(entry)
    return mean_cell(primary_summary(entry), _digits(comparison), note, best=best)


def _baseline_cell(table: Table, comparison: Comparison, entry: Entry | None, rank: str) -> TableCell:
    if entry is None:
        return TableCell("", hidden="not a baseline of this task", mark="quiet")
    return _matrix_cell(table, comparison, entry, best=False, rank=rank)


def _digits(comparison: Comparison) -> int:
    everything = [*comparison.entries, *comparison.baselines]
    return fmt.decimals(primary_summary(e).mean for e in everything if e.finished)


def mean_cell(summary: Summary, digits: int, note: str = "", *, best: bool = False) -> TableCell:
    """A mean with its interval; a dash if there is no value."""
    if not summary.seeds:
        return TableCell("–", hidden="this metric has no value here", mark="quiet", note=note)
    if math.isnan(summary.mean):
        return TableCell("no value", hidden="the metric of a seed is not a number", mark="quiet", note=note)
    return TableCell(
        fmt.with_interval(summary.mean, summary.half_width, digits),
        value=summary.mean,
        half_width=summary.half_width,
        note=note,
        mark="best" if best else "",
    )
