"""Checkpoints of one seed over the same test examples: which can be tested, and the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.report.load import Comparison, Entry
from harness.report.results import primary_of
from harness.report.standing.examples import ExampleTables
from harness.report.statistics import ExampleTests, compare_examples
from harness.report.wording import shown

MOST_CHECKPOINTS = 12
"""At most this many, best means first, since all pairs are resampled."""


@dataclass
class Checkpoints:
    """What the test examples show.

    Attributes:
        seed: of all checkpoints; None if no two models share one.
        tests: of all pairs; None if fewer than two could be tested.
        keys: of the runs, by label.
        left_out: why the missing ones were not tested, one phrase each.
        counted: what the tests are over (`ExampleTables.counted`).
        unit: what is swapped and resampled: "example", or "block" where examples are dependent.
    """

    seed: int | None
    tests: ExampleTests | None = None
    keys: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    counted: str = ""
    unit: str = "example"


def compare(comparison: Comparison, examples: ExampleTables, order: Sequence[str]) -> Checkpoints:
    """Test all pairs of the checkpoints of one seed, the lowest of those that most models have finished.

    Args:
        comparison: runs under equal conditions.
        examples: their statistics.
        order: labels of the models with results, best first.
    """
    entries = [e for label in order for e in comparison.entries if e.label == label and e.finished]
    seed = _seed(entries)
    if seed is None:
        return Checkpoints(None, left_out=["no two models have finished with the same seed"])
    found = Checkpoints(seed, left_out=list(examples.left_out))
    runs = {e.label: r for e in entries for r in e.finished if r.seed == seed}
    missing = [e.label for e in entries if e.label not in runs]
    found.left_out += [f"{shown(label)} has not finished with seed {seed}" for label in missing]
    if len(runs) > MOST_CHECKPOINTS:
        found.left_out.append(f"{len(runs) - MOST_CHECKPOINTS} models with worse means")
        runs = dict(list(runs.items())[:MOST_CHECKPOINTS])
    tables = {label: examples.tables[r.id] for label, r in runs.items() if r.id in examples.tables}
    if examples.formula is not None and len(tables) >= 2:
        higher = primary_of(comparison).higher_is_better is not False
        found.tests = compare_examples(tables, examples.formula.score, higher_is_better=higher)
        found.keys = {label: runs[label].key for label in tables}
        found.counted, found.unit = examples.counted, "block" if examples.blocks else "example"
    elif not found.left_out:
        found.left_out.append("only one model has test examples")
    return found


def _seed(entries: Sequence[Entry]) -> int | None:
    """The lowest of the seeds that most entries have finished; None if no two share one."""
    counts = Counter(r.seed for e in entries for r in e.finished)
    seed, number = min(counts.items(), key=lambda item: (-item[1], item[0]), default=(0, 0))
    return seed if number >= 2 else None
