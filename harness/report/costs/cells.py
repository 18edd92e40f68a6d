"""Costs as cells of tables: mean and interval, and what weakens a time."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import replace

from harness.report import formatting as fmt
from harness.report import guards
from harness.report.comparisons import Comparison, Entry
from harness.report.costs.entry import Costs
from harness.report.statistics import Summary
from harness.report.tables import Column, Table, TableCell, TableRow

NOT_RANKED = "contended, not ranked"
"""What is said of times that only contended runs have."""

_MINUTE = 59.95


def cost_cell(cost: Summary | None, units: fmt.Units, note: str = "") -> TableCell:
    """Mean ± half width of a cost; a dash if it was not measured."""
    if cost is None:
        return TableCell("–", hidden="not measured", mark="quiet")
    half = cost.half_width or None  # a count that is the same for every seed needs no interval
    if units is fmt.SECONDS and cost.mean >= _MINUTE:
        text = fmt.duration(cost.mean) + (f" ± {fmt.duration(half)}" if half is not None else "")
    else:
        text = fmt.measured(cost.mean, half, units)
    return TableCell(text, cost.mean, half, note=note)


def time_cell(table: Table, comparison: Comparison, costs: Costs, cost: Summary | None, units: fmt.Units) -> TableCell:
    """A time or speed, with what weakens it: contended runs, other backends."""
    return weakened(table, comparison, costs, cost_cell(cost, units))


def weakened(table: Table, comparison: Comparison, costs: Costs, cell: TableCell) -> TableCell:
    """The cell of a time, with its notes."""
    if cell.value is None:
        return cell
    remarks = [guards.contended_sentence(comparison)] if costs.contended else []
    remarks += filter(None, [guards.backend_sentence(comparison)])
    notes = [n for n in (cell.note, contended_note(costs)) if n]
    return replace(cell, note="; ".join(notes), footnote=table.footnote(" ".join(remarks)) if remarks else 0)


def contended_note(costs: Costs) -> str:
    """Which runs a time is over, if some were contended."""
    if not costs.contended:
        return ""
    quiet = costs.runs - costs.contended
    return NOT_RANKED if not quiet else f"over {quiet} of {costs.runs} runs, the others were contended"


def latency_cell(table: Table, comparison: Comparison, costs: Costs) -> TableCell:
    """The median latency of one example, with the 95th percentile and the real-time factor where they are known."""
    high, factor = costs.latency_1_p95_ms, costs.real_time_factor
    notes = [f"95 % within {fmt.measured(high.mean, None, fmt.MILLISECONDS)}"] if high is not None else []
    notes += [f"{factor.mean:.2g} of real time"] if factor is not None else []
    cell = cost_cell(costs.latency_1_ms, fmt.MILLISECONDS, "; ".join(notes))
    return weakened(table, comparison, costs, cell)


# -- time to target ---------------------------------------------------------------------------------------


def target_cell(entry: Entry) -> TableCell:
    """How long training took to reach the target: the median of the seeds that did, and how many did."""
    reached, busy = times_to_target(entry), {r.seed for r in guards.contended(entry)}
    known = [s for s in reached.values() if s is not None]
    known = [s for seed, s in reached.items() if s is not None and seed not in busy] or known
    if not known:
        asked = any(r.config.get("target") for r in entry.finished)
        return TableCell("not reached" if asked else "–", hidden="" if asked else "no target was set")
    middle = statistics.median(known)
    lost = len(reached) - len(known)
    return TableCell(fmt.duration(middle), middle, note=f"median of the {of_seeds(reached)} that did" if lost else "")


def times_to_target(entry: Entry) -> dict[int, float | None]:
    """Seconds of training until the target was reached, by seed; None: not reached."""
    return {r.seed: r.summary.to_target_s for r in entry.finished if r.summary}


def of_seeds(reached: dict[int, float | None]) -> str:
    """2 of 3 seeds."""
    return f"{sum(s is not None for s in reached.values())} of {fmt.plural(len(reached), 'seed')}"


def target_table(comparison: Comparison, costs: Mapping[str, Costs], name: str) -> Table | None:
    """Time to target seed by seed; None if no run was given a target."""
    timed = [e for e in comparison.entries if e.finished and (guards.target_of(e) or any(times_to_target(e).values()))]
    if not timed:
        return None
    columns = [
        Column("target", numeric=False),
        Column("reached", numeric=False),
        Column("time to target", "median of those that did"),
        Column("by seed", numeric=False),
    ]
    table = Table(name, "Training time until validation reached the target", "Model", columns)
    for entry in timed:
        reached, busy = times_to_target(entry), {r.seed for r in guards.contended(entry)}
        seeds = [
            f"{seed}: {'not reached' if s is None else fmt.duration(s)}{' (contended)' if seed in busy else ''}"
            for seed, s in reached.items()
        ]
        cells = [
            TableCell(guards.target_of(entry) or "–"),
            TableCell(of_seeds(reached)),
            weakened(table, comparison, costs[entry.label], replace(target_cell(entry), note="")),
            TableCell("; ".join(seeds)),
        ]
        table.rows.append(TableRow(TableCell(entry.label), cells))
    return table
