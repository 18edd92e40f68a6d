"""Lists of runs and links to their pages: links by key, the runs of a comparison, all runs of the report."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report import formatting as fmt
from harness.report.load import Comparison, ReportData
from harness.report.results import BASELINES
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store.query import RunView

STATES_SHOWN = ("finished", "failed", "interrupted", "running", "planned", "incompatible")
"""The states of runs, in the order of the columns."""

_DIGITS = 12
_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Link:
    """A run's page, relative to the report's folder, and the text of a link to it."""

    page: str
    label: str
    title: str


def links(runs: Sequence[RunView]) -> dict[str, Link]:
    """The link to every run's page, by key."""
    return {
        r.key: Link(
            f"runs/{page_name(r.key)}.html",
            str(r.seed) if r.kind != "baseline" else "run",
            f"run of {r.model} on {r.task}, seed {r.seed}",
        )
        for r in runs
    }


def page_name(key: str) -> str:
    """The first 12 digits of a key, or of its digest if it is not a key, so that it can name a file."""
    known = _KEY.fullmatch(key) is not None
    return (key if known else hashlib.sha256(key.encode()).hexdigest())[:_DIGITS]


def runs_of(comparison: Comparison, name: str) -> Table | None:
    """The runs behind a comparison, one row per model and one column per state, linked by seed; None without runs."""
    everything = [*comparison.entries, *comparison.baselines]
    states = sorted({r.status for e in everything for r in [*e.finished, *e.others]}, key=STATES_SHOWN.index)
    columns = [Column(state, numeric=False) for state in states]
    table = Table(name, "The runs behind these results, by seed", "Model", columns, sortable=False)
    for entries, group, tag in ((comparison.entries, "", ""), (comparison.baselines, BASELINES, "baseline")):
        for entry in entries:
            runs = [*entry.finished, *entry.others]
            if runs:
                cells = [_linked([r for r in runs if r.status == state]) for state in states]
                table.rows.append(TableRow(TableCell(entry.label), cells, group, tag))
    return table if table.rows else None


def _linked(runs: Sequence[RunView]) -> TableCell:
    if not runs:
        return TableCell("", hidden="none", mark="quiet")
    return TableCell(fmt.plural(len(runs), "run"), links=tuple(r.key for r in runs))


def all_runs(data: ReportData, machines: Mapping[str, str]) -> Table | None:
    """Every run of the report in the order of planning; None without runs."""
    if not data.runs:
        return None
    columns = [
        Column("task", numeric=False),
        Column("seed"),
        Column("state", numeric=False),
        Column("primary metric"),
        Column("training time"),
        Column("precision", numeric=False),
        Column("machine", numeric=False),
        Column("key", numeric=False),
    ]
    table = Table("runs", "Every run of this report", "Model", columns)
    digits = {r.task: 0 for r in data.runs}
    for task in digits:
        digits[task] = fmt.decimals(r.primary_value for r in data.runs if r.task == task)
    for run in data.runs:
        trained = run.summary.train_s if run.summary else None
        unit = str(run.primary.get("unit") or run.primary.get("name") or "")
        cells = [
            TableCell(run.task),
            TableCell(str(run.seed), run.seed),
            TableCell(run.status),
            _primary(run, digits[run.task], unit),
            TableCell(fmt.duration(trained), trained),
            TableCell(_precision(run)),
            TableCell(machines.get(run.environment or "", "–")),
            TableCell(run.key[:_DIGITS], links=(run.key,)),
        ]
        table.rows.append(TableRow(TableCell(run.model), cells))
    return table


def _primary(run: RunView, digits: int, unit: str) -> TableCell:
    if run.summary is None:
        return TableCell("–")
    value = run.primary_value
    return TableCell("no value") if value is None else TableCell(f"{fmt.fixed(value, digits)} {unit}", value)


def _precision(run: RunView) -> str:
    """The planned training precision; a dash for a baseline."""
    trainer = run.config.get("trainer")
    return str(trainer.get("precision") or "–") if isinstance(trainer, dict) else "–"
