"""Statistics of test examples of a comparison, read once: for standard errors, and for tests between checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.report import formatting as fmt
from harness.report.comparisons import Comparison, Entry
from harness.report.statistics import ExampleErrors, by_block, corpus, example_errors
from harness.report.statistics.example_tests import MOST_EXAMPLES
from harness.report.wording import shown
from harness.store import Store
from harness.store.example_statistics import example_count, example_statistics
from harness.store.query import RunView

MOST_ROWS = 60_000
"""How many examples are read for one comparison; the first seeds of every model where all are more."""
MOST_IN_ALL = 400_000
"""How many examples are read for all comparisons of a report together."""
MOST_CONTENDERS = 40
"""The number of contenders whose examples are read, those with the best means first."""


def rows_of_each(comparisons: int) -> int:
    """How many examples are read for one comparison where there are so many of them."""
    return min(MOST_ROWS, MOST_IN_ALL // max(comparisons, 1))


@dataclass
class ExampleTables:
    """Statistics of the primary metric, aligned by example, or by block where examples are dependent.

    Attributes:
        formula: how sums of them are scored; None if the metric's statistics have no formula here.
        tables: (N, S) by run id, or (blocks, S), summed over each block.
        left_out: why examples of some runs are not used, one phrase each.
        examples: N; 0 if nothing was read.
        blocks: how many blocks of dependent examples there are; 0: all are independent.
    """

    formula: corpus.Formula | None = None
    tables: dict[int, np.ndarray] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    examples: int = 0
    blocks: int = 0

    @property
    def counted(self) -> str:
        """What the errors are estimated from: "600 test examples", "23 blocks of 2,857 test examples"."""
        blocks = f"{fmt.plural(self.blocks, 'block')} of " if self.blocks else ""
        return f"{blocks}{fmt.grouped(self.examples)} test examples"

    def errors(self, entries: Sequence[Entry]) -> ExampleErrors | None:
        """The covariance of the entries' scores over these examples; None if unknown.

        An entry takes part with the runs that were read, the mean over them.
        """
        if self.formula is None:
            return None
        of = {e.label: [self.tables[r.id] for r in e.finished if r.id in self.tables] for e in entries}
        return example_errors({label: tables for label, tables in of.items() if tables}, self.formula.score)


def read_examples(
    store: Store, comparison: Comparison, metric: str, entries: Sequence[Entry], rows: int = MOST_ROWS
) -> ExampleTables:
    """Read the statistics of as many runs as `rows` allows; runs whose statistics do not give their score are left out.

    Args:
        store: open.
        comparison: runs under equal conditions.
        metric: the primary one.
        entries: models and baselines with results, best mean first.
        rows: the most examples that are read.
    """
    found = ExampleTables()
    entries = [e for e in entries if e.finished][:MOST_CONTENDERS]
    if not entries:
        return found
    first = entries[0].finished[0]
    number = example_count(store, first.id)
    if not 1 < number <= MOST_EXAMPLES:
        limit = f"more than the {MOST_EXAMPLES} that are read" if number else "so there is nothing to compare"
        limit = "which cannot be resampled" if number == 1 else limit
        found.left_out.append(f"{shown(entries[0].label)} has {fmt.plural(number, 'test example')}, {limit}")
        return found
    seeds = max(1, rows // (number * len(entries)))
    runs = {r.id: r for e in entries for r in e.finished[:seeds]}
    labels = {r.id: e.label for e in entries for r in e.finished}
    read = example_statistics(store, list(runs), metric)
    if first.id not in read:
        return found
    ids = list(read[first.id])
    known: dict[int, list[Mapping[str, Any]]] = {}
    for run_id in runs:
        of_run = read.get(run_id, {})
        if of_run.keys() == set(ids):
            known[run_id] = [row if isinstance(row := of_run[i], Mapping) else {} for i in ids]
        elif of_run:
            found.left_out.append(f"{_named(labels, runs, run_id)} was not tested on the same examples")
    formula = corpus.formula_of(next(iter(known.values()), []))
    if formula is None:
        found.left_out.append(f"the metric {shown(metric)} keeps its own statistics, without a formula here")
        return found
    of_runs = (_blocks(run, number) for run in runs.values())
    blocks = next((one for one in of_runs if any(one)), [""] * number)
    tables, refused = corpus.tabulate(formula, {str(i): rows for i, rows in known.items()})
    found.left_out += [f"{_named(labels, runs, int(i))}: {reason}" for i, reason in refused.items()]
    for run_id, table in ((int(i), table) for i, table in tables.items()):
        stored = _stored(runs[run_id], metric)
        if corpus.matches(formula, table, stored):
            found.tables[run_id] = by_block(table, blocks) if any(blocks) else table
        else:
            value = float(formula.score(table.sum(0)))
            said = "none" if stored is None else f"{stored:.6g}"
            found.left_out.append(
                f"{_named(labels, runs, run_id)}: its examples give {value:.6g}, but its stored score is {said}"
            )
    found.formula, found.examples = formula, number
    if any(blocks):
        found.blocks = len({block for block in blocks if block}) + blocks.count("")
        if found.blocks == 1:
            found.tables = {}
            found.left_out.append(f"all {fmt.grouped(number)} test examples are in one block of dependent ones")
    return found


def _blocks(run: RunView, number: int) -> list[str]:
    """The block of each test example, "" without one; one block for all where what the store says does not fit."""
    said = run.summary.details.get("blocks", []) if run.summary else []
    try:
        found = [str(name) for name, count in said for _ in range(min(int(count), number + 1))]
    except (TypeError, ValueError):  # a store that something else has written
        found = ["?"]
    return found if len(found) == number else ["?" if said else ""] * number


def _named(labels: Mapping[int, str], runs: Mapping[int, RunView], run_id: int) -> str:
    return f"{shown(labels[run_id])}, seed {runs[run_id].seed}"


def _stored(run: RunView, metric: str) -> float | None:
    return run.summary.metrics.get(f"{run.summary.split}/{metric}") if run.summary else None
