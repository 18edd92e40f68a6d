"""The table of one task: all metrics and costs, and the spread of the seeds behind the means."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Sequence
from typing import Any

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report import guards, promises
from harness.report.comparisons import Comparison, Entry
from harness.report.costs.cells import cost_cell, latency_cell, target_cell, time_cell, weakened
from harness.report.costs.entry import Costs, costs_of
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.results import (
    BASELINES,
    PUBLISHED,
    Scale,
    mean_cell,
    primary_of,
    primary_summary,
    scale_of,
    seeds_note,
)
from harness.report.run_tables import detail_table, failure_table, phase_table
from harness.report.statistics import Summary, summarise
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store.checks import FAILED, NEVER
from harness.store.records import RunSummary
from harness.store.training_details import state_size_of

__all__ = ["detail_table", "failure_table", "panels", "phase_table", "spread_table", "task_table"]


def task_table(comparison: Comparison, name: str, caption: str, leaders: Collection[str] = ()) -> Table:
    """Every model of a comparison: all metrics, size, tuning, backend, times, throughput, memory, published figures.

    What weakens a figure (contended times, unequal sizes, seeds, tuning, code or backends, a target not reached) is
    noted in its cell or in a footnote. `leaders` are the models whose mean is marked as best.
    """
    primary = primary_of(comparison)
    scales = [primary, *_other_metrics(comparison, primary.name)]
    targets = sorted({t for e in comparison.entries if (t := guards.target_of(e))})
    timed = bool(targets) or any(r.summary and r.summary.to_target_s is not None for r in comparison.finished)
    throughput = next((r.summary.throughput_unit for r in comparison.finished if r.summary), "")
    columns = [
        *(Column(s.title, s.note, has_interval=True) for s in scales),
        Column("parameters", "encoder’s share"),
        Column("tuning", "trials and time"),
        Column("backend", numeric=False),
        Column("training time", "without validation", has_interval=True),
        *([Column("time to target", targets[0] if len(targets) == 1 else "")] if timed else []),
        Column("throughput", throughput, has_interval=True),
        Column("training memory", has_interval=True),
        Column("inference memory", has_interval=True),
        Column("latency", "one example, median", has_interval=True),
        Column("weights tested", "chosen by", numeric=False),
    ]
    table = Table(name, caption, "Model", columns)
    digits = [fmt.decimals(_means(comparison, s.name)) for s in scales]
    costs = costs_of(comparison)
    for entry in comparison.entries:
        if not entry.finished:
            number = table.footnote(entry.why_missing)
            cells = [TableCell("n/a", mark="na", footnote=number), *(_nothing() for _ in columns[1:])]
            table.rows.append(TableRow(TableCell(entry.label), cells))
            continue
        cells = _metric_cells(comparison, entry, scales, digits, best=entry.label in leaders)
        cells += _cost_cells(table, comparison, entry, costs[entry.label], timed)
        table.rows.append(TableRow(_header(table, comparison, entry), cells))
    for entry in comparison.baselines:
        if not entry.finished:
            cells = [TableCell("n/a", mark="na", footnote=table.footnote(entry.why_missing))]
        else:
            cells = _metric_cells(comparison, entry, scales, digits, best=False)
        cells += [_nothing() for _ in columns[len(cells) :]]
        table.rows.append(TableRow(TableCell(entry.label, note=_what(entry)), cells, BASELINES, "baseline"))
    _add_published(table, comparison, scales, digits)
    return table


def panels(context: PanelContext) -> list[Panel]:
    """The spread of the seeds, folded; empty if no model has two."""
    table = spread_table(context.comparison, f"{context.name}-seeds")
    title = "Best, median and worst seed"
    return [Panel(context.name, title, [_SPREAD], [], [table], folded=True, place=30)] if table else []


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"spread": panels}


_SPREAD = (
    "The best seed is what a paper that reports its best run would print; it grows with the number of seeds and is no "
    "basis for a comparison."
)


def spread_table(comparison: Comparison, name: str) -> Table | None:
    """Best, median and worst seed of the primary metric, and their standard deviation; None without two seeds."""
    scale = primary_of(comparison)
    entries = [(e, primary_summary(e)) for e in comparison.entries if e.finished]
    if not any(s.seeds > 1 for _, s in entries):
        return None
    digits = fmt.decimals(v for _, s in entries for v in s.values)
    columns = [Column(c, scale.note) for c in ("best", "median", "worst", "standard deviation")]
    table = Table(name, f"{scale.title} seed by seed", "Model", [*columns, Column("values", "by seed", numeric=False)])
    for entry, summary in entries:
        figures = _spread(summary, scale)
        cells = [TableCell(fmt.fixed(v, digits), v if v is not None and math.isfinite(v) else None) for v in figures]
        values = [f"{r.seed}: {fmt.value_or_none(r.primary_value, digits)}" for r in entry.finished]
        table.rows.append(TableRow(TableCell(entry.label), [*cells, TableCell("; ".join(values))]))
    return table


def _spread(summary: Summary, scale: Scale) -> tuple[float | None, ...]:
    """Best, median, worst and standard deviation; None where undefined."""
    if not summary.seeds or math.isnan(summary.mean):
        return None, None, None, None
    low, high = min(summary.values), max(summary.values)
    best, worst = (low, high) if scale.higher_is_better is False else (high, low)
    known = summary.seeds > 1 and all(map(math.isfinite, summary.values))
    return best, statistics.median(summary.values), worst, statistics.stdev(summary.values) if known else None


def _header(table: Table, comparison: Comparison, entry: Entry) -> TableCell:
    """The model, how many seeds, how many of them ended early, and other differences."""
    note = seeds_note(entry)
    early = guards.stopped_early(entry)
    if early:
        note += f", {early} stopped early"
    broken = promises.note(entry)
    if broken:
        note += f", {broken}"
    remarks = []
    status = promises.of_model(entry)
    if status is not None and status.state in (FAILED, NEVER):
        remarks.append(promises.sentence(comparison, status.state))
    if guards.fewer_seeds(comparison, entry):
        remarks.append(guards.seeds_sentence(comparison))
    if entry.label in guards.other_code(comparison):
        remarks.append(guards.code_sentence(comparison))
    if own := guards.own_training(entry):
        remarks.append(own)
    return TableCell(entry.label, note=note, footnote=table.footnote(" ".join(remarks)) if remarks else 0)


def _other_metrics(comparison: Comparison, primary: str) -> list[Scale]:
    """Metrics other than the primary one: the declared ones in order, then any others, the loss last."""
    run = comparison.any_run
    prefix = f"{comparison.conditions.split}/"
    found = {
        name.removeprefix(prefix)
        for e in [*comparison.entries, *comparison.baselines]
        for r in e.finished
        if r.summary
        for name in r.summary.metrics
        if name.startswith(prefix)
    }
    order = [*run.units, *sorted(found - set(run.units) - {"loss"}), "loss"]
    return [scale_of(run, n) for n in dict.fromkeys(order) if n in found and n != primary]


def _values(comparison: Comparison, entry: Entry, name: str) -> list[float | None]:
    return [r.summary.metrics.get(f"{comparison.conditions.split}/{name}") for r in entry.finished if r.summary]


def _means(comparison: Comparison, name: str) -> list[float]:
    everything = [*comparison.entries, *comparison.baselines]
    return [summarise(_values(comparison, e, name)).mean for e in everything]


def _metric_cells(
    comparison: Comparison, entry: Entry, scales: Sequence[Scale], digits: Sequence[int], *, best: bool
) -> list[TableCell]:
    cells = []
    for i, (scale, places) in enumerate(zip(scales, digits, strict=True)):
        summary = primary_summary(entry) if i == 0 else summarise(_values(comparison, entry, scale.name))
        note = ""
        if i == 0 and summary.seeds > 1:
            first, median, *_ = _spread(summary, scale)
            note = f"best {fmt.fixed(first, places)}, median {fmt.fixed(median, places)}"
        cells.append(mean_cell(summary, places, note, best=best and i == 0))
    return cells


def _cost_cells(table: Table, comparison: Comparison, entry: Entry, costs: Costs, timed: bool) -> list[TableCell]:
    summaries = [r.summary for r in entry.finished if r.summary]
    first = summaries[0]
    parameters = int(costs.parameters.mean) if costs.parameters is not None else 0
    chosen = str(first.checkpoint.get("chosen_by") or "")
    steps = [s.checkpoint["step"] for s in summaries if isinstance(s.checkpoint.get("step"), int)]
    cells = [
        TableCell(
            fmt.weights(parameters, costs.fixed),
            parameters,
            note=f"{fmt.share(first.encoder_parameters, first.parameters)} encoder{_state(first)}",
            footnote=_footnote(table, guards.size_sentence(comparison)),
        ),
        _tuning_cell(table, comparison, entry),
        TableCell(guards.backend_of(entry) or "–"),
        time_cell(table, comparison, costs, costs.training_s, fmt.SECONDS),
        *([weakened(table, comparison, costs, target_cell(entry))] if timed else []),
        time_cell(table, comparison, costs, costs.throughput, fmt.COUNTS),
        cost_cell(costs.training_memory, fmt.BYTES),
        cost_cell(costs.inference_memory, fmt.BYTES),
        latency_cell(table, comparison, costs),
        TableCell(chosen or "–", note=f"at step {_range(steps)}" if steps else ""),
    ]
    return cells


def _state(summary: RunSummary) -> str:
    size = state_size_of(summary.details)
    return "" if size is None else f"; state {fmt.count(size)}"


def _tuning_cell(table: Table, comparison: Comparison, entry: Entry) -> TableCell:
    run = entry.finished[0]
    trials, note = guards.trials_of(run), guards.search_time(run)
    number = _footnote(table, guards.tuning_sentence(comparison))
    return TableCell(fmt.plural(trials, "trial") if trials else "none", trials, note=note, footnote=number)


def _footnote(table: Table, sentence: str) -> int:
    return table.footnote(sentence) if sentence else 0


def _nothing() -> TableCell:
    return TableCell("", hidden="does not apply", mark="quiet")


def _what(entry: Entry) -> str:
    """A baseline's description."""
    summary = entry.finished[0].summary if entry.finished else None
    return str(summary.details.get("baseline") or "") if summary else ""


def _range(steps: Sequence[int]) -> str:
    low, high = min(steps), max(steps)
    return f"{low}" if low == high else f"{low}–{high}"


def _add_published(table: Table, comparison: Comparison, scales: Sequence[Scale], digits: Sequence[int]) -> None:
    names = [s.name for s in scales]
    for reference in comparison.any_run.references:
        metric, value = str(reference.get("metric")), _number(reference.get("value"))
        if metric not in names or value is None:
            continue
        cells = [_nothing() for _ in table.columns]
        number = table.footnote(f"Source: {reference.get('source') or 'not named'}")
        places = max(digits[names.index(metric)], 1)
        cells[names.index(metric)] = TableCell(fmt.fixed(value, places), value, footnote=number)
        table.rows.append(TableRow(TableCell(str(reference.get("system"))), cells, PUBLISHED, "published"))


def _number(value: Any) -> float | None:
    """A published figure as a number; None if the store holds something else."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None
