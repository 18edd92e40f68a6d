"""The tables of one task: all metrics with their cost, where the time went, how runs were made, what failed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.report import formatting as fmt
from harness.report.load import Comparison, Entry, ReportData, one_line
from harness.report.results import (
    BASELINES,
    PUBLISHED,
    Scale,
    mean_cell,
    primary_of,
    primary_summary,
    scale_of,
    seeds_note,
    starred,
)
from harness.report.statistics import summarise
from harness.report.tables import Cell, Column, Row, Table


def task_table(comparison: Comparison, name: str, caption: str) -> Table:
    """Every model of a comparison: all metrics, parameters, times, throughput, memory, and published figures."""
    primary = primary_of(comparison)
    scales = [primary, *_other_metrics(comparison, primary.name)]
    to_target = any(r.summary and r.summary.to_target_s is not None for r in comparison.finished)
    throughput = next((r.summary.throughput_unit for r in comparison.finished if r.summary), "")
    columns = [
        *(Column(s.title, s.note, has_interval=True) for s in scales),
        Column("parameters", "encoder’s share"),
        Column("training time", "without validation"),
        *([Column("time to target")] if to_target else []),
        Column("throughput", throughput),
        Column("peak memory"),
        Column("weights tested", "chosen by", numeric=False),
    ]
    table = Table(name, caption, "Model", columns)
    digits = [fmt.decimals(_means(comparison, s.name)) for s in scales]
    best = starred(comparison)
    for entry in comparison.entries:
        if not entry.finished:
            number = table.footnote(entry.why_missing)
            cells = [Cell("n/a", mark="na", footnote=number), *(_nothing() for _ in columns[1:])]
            table.rows.append(Row(Cell(entry.label), cells))
            continue
        cells = _metric_cells(entry, scales, digits, best=entry.label == best)
        cells += _cost_cells(entry, to_target)
        table.rows.append(Row(Cell(entry.label, note=seeds_note(entry)), cells))
    for entry in comparison.baselines:
        if not entry.finished:
            cells = [Cell("n/a", mark="na", footnote=table.footnote(entry.why_missing))]
        else:
            cells = _metric_cells(entry, scales, digits, best=False)
        cells += [_nothing() for _ in columns[len(cells) :]]
        table.rows.append(Row(Cell(entry.label, note=_what(entry)), cells, BASELINES, "baseline"))
    _add_published(table, comparison, scales, digits)
    return table


def _other_metrics(comparison: Comparison, primary: str) -> list[Scale]:
    """Test metrics beside the primary one: the declared ones in their order, then any other, the loss last."""
    run = comparison.any_run
    found = {
        name.removeprefix("test/")
        for e in [*comparison.entries, *comparison.baselines]
        for r in e.finished
        if r.summary
        for name in r.summary.metrics
        if name.startswith("test/")
    }
    order = [*run.units, *sorted(found - set(run.units) - {"loss"}), "loss"]
    return [scale_of(run, n) for n in dict.fromkeys(order) if n in found and n != primary]


def _values(entry: Entry, name: str) -> list[float | None]:
    return [r.summary.metrics.get(f"test/{name}") for r in entry.finished if r.summary]


def _means(comparison: Comparison, name: str) -> list[float]:
    everything = [*comparison.entries, *comparison.baselines]
    return [summarise(_values(e, name)).mean for e in everything]


def _metric_cells(entry: Entry, scales: Sequence[Scale], digits: Sequence[int], *, best: bool) -> list[Cell]:
    cells = []
    for i, (scale, places) in enumerate(zip(scales, digits, strict=True)):
        summary = primary_summary(entry) if i == 0 else summarise(_values(entry, scale.name))
        cells.append(mean_cell(summary, places, best=best and i == 0))
    return cells


def _cost_cells(entry: Entry, to_target: bool) -> list[Cell]:
    summaries = [r.summary for r in entry.finished if r.summary]
    first = summaries[0]
    parameters = max(s.parameters for s in summaries)
    train_s = summarise([s.train_s for s in summaries]).mean
    speed = summarise([s.throughput for s in summaries]).mean
    memory = max(s.memory_peak_bytes for s in summaries)
    chosen = str(first.checkpoint.get("chosen_by") or "")
    steps = [s.checkpoint["step"] for s in summaries if s.checkpoint.get("step") is not None]
    cells = [
        Cell(
            fmt.count(parameters),
            parameters,
            note=f"{fmt.share(first.encoder_parameters, first.parameters)} encoder",
        ),
        Cell(fmt.duration(train_s), train_s),
    ]
    if to_target:
        reached = [s.to_target_s for s in summaries if s.to_target_s is not None]
        lost = len(summaries) - len(reached)
        mean = summarise(reached).mean
        cells.append(
            Cell(fmt.duration(mean), mean, note=f"{lost} of {len(summaries)} never" if lost else "")
            if reached
            else Cell("not reached", math.inf)
        )
    cells += [
        Cell(fmt.count(speed) if speed else "–", speed or None),
        Cell(fmt.size(memory), memory or None),
        Cell(chosen or "–", note=f"at step {_range(steps)}" if steps else ""),
    ]
    return cells


def _nothing() -> Cell:
    return Cell("", hidden="does not apply", mark="quiet")


def _what(entry: Entry) -> str:
    """A baseline in its own words."""
    summary = entry.finished[0].summary if entry.finished else None
    return str(summary.details.get("baseline") or "") if summary else ""


def _range(steps: Sequence[int]) -> str:
    low, high = min(steps), max(steps)
    return f"{low}" if low == high else f"{low}–{high}"


def _add_published(table: Table, comparison: Comparison, scales: Sequence[Scale], digits: Sequence[int]) -> None:
    names = [s.name for s in scales]
    for reference in comparison.any_run.references:
        metric = str(reference.get("metric"))
        if metric not in names:
            continue
        cells = [_nothing() for _ in table.columns]
        number = table.footnote(f"Source: {reference.get('source')}")
        places = max(digits[names.index(metric)], 1)
        value = float(reference["value"])
        cells[names.index(metric)] = Cell(fmt.fixed(value, places), value, footnote=number)
        table.rows.append(Row(Cell(str(reference.get("system"))), cells, PUBLISHED, "published"))


# -- where the time went, how runs were made ---------------------------------------------------------


def phase_table(comparison: Comparison, name: str) -> Table | None:
    """Mean seconds of every phase of a run, by model."""
    entries = [e for e in comparison.entries if e.finished]
    phases = list(dict.fromkeys(p for r in comparison.finished if r.summary for p in r.summary.phases))
    if not phases:
        return None
    columns = [Column("whole run"), *(Column(p.replace("_", " ")) for p in phases), Column("not attributed")]
    table = Table(name, "Where the wall time went: mean over seeds", "Model", columns)
    for entry in entries:
        summaries = [r.summary for r in entry.finished if r.summary]
        total = summarise([s.total_s for s in summaries]).mean
        parts = [summarise([s.phases.get(p, 0.0) for s in summaries]).mean for p in phases]
        rest = total - sum(parts)
        cells = [Cell(fmt.duration(v), v) for v in (total, *parts)]
        # Phases may overlap by the clock's own resolution; less than nothing is nothing.
        cells.append(Cell(f"{max(0.0, 100 * rest / total):.1f} %" if total else "–", rest))
        table.rows.append(Row(Cell(entry.label), cells))
    return table


def detail_table(comparison: Comparison, name: str) -> Table | None:
    """How every model was run: decoder, steps, learning rate, tuning, and what else it recorded."""
    entries = [e for e in comparison.entries if e.finished]
    if not entries:
        return None
    facts = {e.label: _facts(e) for e in entries}
    titles = list(dict.fromkeys(t for f in facts.values() for t in f))
    table = Table(name, "How each model was run", "Model", [Column(t, numeric=False) for t in titles])
    for entry in entries:
        table.rows.append(Row(Cell(entry.label), [Cell(facts[entry.label].get(t, "–")) for t in titles]))
    return table


def _facts(entry: Entry) -> dict[str, str]:
    run = entry.finished[0]
    details = run.summary.details if run.summary else {}
    facts = {}
    for name, value in details.items():
        if isinstance(value, str | int | float | bool) and not name.endswith("_examples") and name != "eval_limit":
            facts[name.replace("_", " ")] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        elif name == "context" and value is None:
            facts["context"] = "all before"
    optimizer = run.config.get("optimizer")
    if isinstance(optimizer, dict):
        facts |= {
            n.replace("_", " "): str(optimizer[k])
            for k, n in (("lr", "learning rate"), ("clip", "clipping"))
            if k in optimizer
        }
    trials, hours = run.tuning.get("trials"), run.tuning.get("hours")
    facts["tuning"] = (
        "none" if not trials else f"{fmt.plural(int(trials), 'trial')}, {fmt.duration((hours or 0) * 3600)}"
    )
    facts["run"] = ", ".join(f"{r.key[:12]} (seed {r.seed})" for r in entry.finished)
    if entry.superseded:
        facts["older runs not shown"] = str(entry.superseded)
    return facts


def failure_table(data: ReportData) -> Table | None:
    """Runs that failed, with the last line of their error."""
    failed = [r for r in data.runs if r.status == "failed"]
    if not failed:
        return None
    columns = [
        Column("task", numeric=False),
        Column("seed"),
        Column("error", numeric=False),
        Column("attempts"),
        Column("run", numeric=False),
    ]
    table = Table("failures", "The error of every run that failed", "Model", columns, prose=True)
    for run in failed:
        error = one_line(run.reason or "no reason was recorded")
        cells = [
            Cell(run.task),
            Cell(str(run.seed), run.seed),
            Cell(error),
            Cell(str(run.attempts), run.attempts),
            Cell(run.key[:12]),
        ]
        table.rows.append(Row(Cell(run.model), cells))
    return table
