"""Checkpoints of one seed over the same test examples: which can be tested, and the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.report import formatting as fmt
from harness.report.load import Comparison, Entry
from harness.report.results import primary_of
from harness.report.statistics import ExampleTests, compare_examples, corpus
from harness.report.statistics.example_tests import MOST_EXAMPLES
from harness.report.statistics.verdicts import shown
from harness.store import Store
from harness.store.example_statistics import example_count, example_statistics
from harness.store.query import RunView

MOST_CHECKPOINTS = 12
"""At most this many, best means first, since every test example of each is read."""


@dataclass
class Checkpoints:
    """What the test examples show.

    Attributes:
        seed: of all checkpoints; None if no two models share one.
        tests: of all pairs; None if fewer than two could be tested.
        keys: of the runs, by label.
        left_out: why the missing ones were not tested, one phrase each.
    """

    seed: int | None
    tests: ExampleTests | None = None
    keys: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def compare(store: Store, comparison: Comparison, order: Sequence[str]) -> Checkpoints:
    """Test all pairs of the checkpoints of one seed, the lowest of those that most models have finished.

    A checkpoint is tested if a known formula reproduces its stored score from its stored statistics.

    Args:
        store: open.
        comparison: runs under equal conditions.
        order: labels of the models with results, best first.
    """
    scale = primary_of(comparison)
    entries = [e for label in order for e in comparison.entries if e.label == label and e.finished]
    seed = _seed(entries)
    if seed is None:
        return Checkpoints(None, left_out=["no two models have finished with the same seed"])
    found = Checkpoints(seed)
    runs = {e.label: r for e in entries for r in e.finished if r.seed == seed}
    missing = [e.label for e in entries if e.label not in runs]
    found.left_out += [f"{shown(label)} has not finished with seed {seed}" for label in missing]
    if len(runs) > MOST_CHECKPOINTS:
        found.left_out.append(f"{len(runs) - MOST_CHECKPOINTS} models with worse means")
        runs = dict(list(runs.items())[:MOST_CHECKPOINTS])
    rows = _read(store, runs, scale.name, found.left_out)
    formula = corpus.formula_of(next(iter(rows.values()))) if rows else None
    if formula is None:
        if rows:
            found.left_out.append(f"the metric {shown(scale.name)} keeps its own statistics, without a formula here")
        return found
    known, refused = corpus.tabulate(formula, rows)
    found.left_out += [f"{shown(label)}: {reason}" for label, reason in refused.items()]
    tables = {}
    for label, table in known.items():
        stored = _stored(runs[label], scale.name)
        if corpus.matches(formula, table, stored):
            tables[label] = table
        else:
            value = float(formula.score(table.sum(0)))
            said = "none" if stored is None else f"{stored:.6g}"
            found.left_out.append(f"{shown(label)}’s examples give {value:.6g}, but its stored score is {said}")
    if len(tables) >= 2:
        higher = scale.higher_is_better
        found.tests = compare_examples(tables, formula.score, higher_is_better=True if higher is None else higher)
        found.keys = {label: runs[label].key for label in tables}
    elif not found.left_out:
        found.left_out.append("only one model has test examples")
    return found


def _seed(entries: Sequence[Entry]) -> int | None:
    """The lowest of the seeds that most entries have finished; None if no two share one."""
    counts = Counter(r.seed for e in entries for r in e.finished)
    seed, number = min(counts.items(), key=lambda item: (-item[1], item[0]), default=(0, 0))
    return seed if number >= 2 else None


def _stored(run: RunView, metric: str) -> float | None:
    return run.summary.metrics.get(f"{run.summary.split}/{metric}") if run.summary else None


def _read(
    store: Store, runs: Mapping[str, RunView], metric: str, left_out: list[str]
) -> dict[str, list[Mapping[str, Any]]]:
    """Statistics of the metric by label, the same examples in the same order; empty if there is no formula."""
    labels = list(runs)
    first = runs[labels[0]].id
    number = example_count(store, first)
    if not 1 < number <= MOST_EXAMPLES:
        limit = f"more than the {MOST_EXAMPLES} that are read" if number else "so there is nothing to compare"
        limit = "which cannot be resampled" if number == 1 else limit
        left_out.append(f"{shown(labels[0])} has {fmt.plural(number, 'test example')}, {limit}")
        return {}
    probe = _mappings(example_statistics(store, [first], metric)[first].values())
    if corpus.formula_of(probe) is None:
        return {labels[0]: probe}  # no need to read the others
    read = example_statistics(store, [r.id for r in runs.values()], metric)
    ids = list(read[first])
    found: dict[str, list[Mapping[str, Any]]] = {}
    for label in labels:
        rows = read.get(runs[label].id, {})
        if rows.keys() == set(ids):
            found[label] = _mappings(rows[i] for i in ids)
        else:
            left_out.append(f"{shown(label)} was not tested on the same examples as {shown(labels[0])}")
    return found


def _mappings(rows: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Statistics as mappings; anything else becomes an empty mapping, which has no formula."""
    return [row if isinstance(row, Mapping) else {} for row in rows]
