"""How well the probability of an answer says how often it is right: accuracy against confidence.

Metrics provide it in the statistics `bin`, `confidence` and `correct` (`harness.metrics.classification`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.report import over_seeds, results
from harness.report.figures import Figure, label
from harness.report.figures.diagonal import along_diagonal
from harness.report.over_seeds import said
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.tables import Column, Table, TableRow
from harness.report.tables import TableCell as Cell
from harness.store import Store
from harness.store.example_statistics import example_count, example_statistics, first_statistics
from harness.store.query import RunView

_KEYS = {"bin", "confidence", "correct"}
_MOST_BINS = 100  # more are not our statistics
_FEWEST = 10  # test examples in a bin of a seed, below which a point is noise and is not drawn
_TELLING = 1.0  # points of mean confidence over accuracy, or under it, that are worth a sentence
_CLOSE = 1e-6


def panels(context: PanelContext) -> list[Panel]:
    """Accuracy by confidence, in a figure and a table; none where no metric provides it.

    Runs whose examples do not reproduce their stored score are left out.
    """
    store, comparison, name = context.store, context.comparison, context.name
    firsts = [e.finished[0] for e in comparison.entries if e.finished]
    metric = _metric([first_statistics(store, run.id) for run in firsts])
    if metric is None:
        return []
    examples = example_count(store, firsts[0].id)
    if examples > over_seeds.MOST_ROWS:
        return []
    runs, left_out = over_seeds.readable_runs(comparison, examples)
    baselines = {e.label: e.finished for e in comparison.baselines if e.finished and e.label not in runs}
    found, lost = _bins(store, runs | baselines, metric)
    left_out += lost
    if not found:
        return []
    numbers = {**context.colours, **{text: -1 - i for i, text in enumerate(baselines)}}
    panel = Panel(name, "Reliability of probabilities", folded=True, place=75)
    panel.text = _sentences(found, results.scale_of(firsts[0], metric).title)
    panel.figures.append(_figure(found, f"{name}-figure", numbers))
    panel.tables.append(_table(found, f"{name}-table"))
    if left_out:
        panel.text.append(f"Left out: {'; '.join(left_out)}.")
    return [panel]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"reliability": panels}


# -- bins --------------------------------------------------------------------------------------------


def _metric(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The metric that provides the statistics, given one row of each run."""
    for row in rows:
        for metric, statistics in row.items():
            if isinstance(statistics, Mapping) and statistics.keys() >= _KEYS:
                return metric
    return None


def _bins(store: Store, runs: Mapping[str, Sequence[RunView]], metric: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """By label (seeds, 3, P): examples, summed confidence and right answers of each bin; and what was left out."""
    read = example_statistics(store, [r.id for of_label in runs.values() for r in of_label], metric)

    def of_run(run: RunView, stored: float | None) -> np.ndarray | None:
        counts = _of_run(list(read.get(run.id, {}).values()))
        if counts is None or stored is None:
            return None
        return counts if math.isclose(_error(counts), stored, rel_tol=_CLOSE) else None

    flaw = "without probabilities that reproduce the stored score"
    found, left_out = over_seeds.recomputed(runs, metric, of_run, flaw)
    return {text: _of_equal_width(values) for text, values in found.items()}, left_out


def _of_equal_width(values: Sequence[np.ndarray]) -> np.ndarray:
    """(seeds, 3, P), counts with fewer bins filled up with zeros."""
    bins = max(counts.shape[1] for counts in values)
    return np.array([np.pad(counts, ((0, 0), (0, bins - counts.shape[1]))) for counts in values])


def _of_run(rows: Sequence[Any]) -> np.ndarray | None:
    """(3, P) as in `_bins`; None if the rows do not contain it."""
    try:
        bins = np.array([row["bin"] for row in rows], dtype=np.int64)
        values = np.array([[1.0, row["confidence"], row["correct"]] for row in rows], dtype=float)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not len(bins) or bins.min() < 0 or bins.max() >= _MOST_BINS or not np.isfinite(values).all():
        return None
    return np.array([np.bincount(bins, column) for column in values.T])


def _error(counts: np.ndarray) -> float:
    """Expected calibration error of one run, in per cent."""
    return float(100 * np.abs(counts[2] - counts[1]).sum() / counts[0].sum())


# -- the panel ---------------------------------------------------------------------------------------


def _sentences(found: Mapping[str, np.ndarray], title: str) -> list[str]:
    """What is drawn, and who claims too much."""
    text = (
        "Test examples are grouped by the probability that the model gave its own answer (its confidence). A point is "
        "one group: mean confidence across, the share that is right upwards. On the diagonal the probabilities are "
        "frequencies; below it the model is surer than it should be. "
        f"{over_seeds.capital(title)} is the mean distance from the diagonal, weighted by the size of the groups. "
        f"Groups with fewer than {_FEWEST} examples a seed are not drawn."
    )
    sums = {text: counts.sum((0, 2)) for text, counts in found.items()}  # (3,): examples, confidence, right
    gaps = {text: 100 * (s[1] - s[2]) / s[0] for text, s in sums.items()}
    over = [f"{label(text)} by {said(gap)} points" for text, gap in gaps.items() if gap >= _TELLING]
    under = [f"{label(text)} by {said(-gap)} points" for text, gap in gaps.items() if -gap >= _TELLING]
    told = [f"Surer than right on average: {', '.join(over)}."] if over else []
    return [text, *told, *([f"Less sure than right on average: {', '.join(under)}."] if under else [])]


def _points(counts: np.ndarray) -> list[tuple[float, float]]:
    """Mean confidence and accuracy, per cent, of the bins that are filled in every seed; means over seeds."""
    filled = (counts[:, 0] >= _FEWEST).all(0)
    kept = counts[:, :, filled]
    shares = 100 * (kept[:, 1:] / kept[:, :1]).mean(0)  # (2, bins)
    return [(float(x), float(y)) for x, y in shares.T]


def _figure(found: Mapping[str, np.ndarray], name: str, numbers: Mapping[str, int]) -> Figure:
    series = {text: _points(counts) for text, counts in found.items()}
    seeds = max(len(counts) for counts in found.values())
    caption = (
        f"Share of right answers by confidence{'; means over seeds' if seeds > 1 else ''}. Grey line: as sure as right."
    )
    alt = "Accuracy against confidence, both in per cent. " + " ".join(
        f"{label(text)}: "
        + (", ".join(f"{said(y)} right at {said(x)} confidence" for x, y in points) or "no group is large enough")
        + "."
        for text, points in series.items()
    )
    titles = ("confidence, %", "right answers, %")
    return along_diagonal(name, series, numbers, titles=titles, caption=caption, alt=alt)


def _table(found: Mapping[str, np.ndarray], name: str) -> Table:
    """Calibration error, mean confidence and accuracy of every model."""
    table = Table(
        name,
        "Confidence and accuracy on the test split, %",
        "Model",
        [
            Column("Calibration error"),
            Column("Mean confidence"),
            Column("Accuracy"),
        ],
    )
    for text, counts in found.items():
        totals = counts.sum(2)  # (seeds, 3)
        values = [np.array([_error(c) for c in counts]), *(100 * totals[:, k] / totals[:, 0] for k in (1, 2))]
        table.rows.append(TableRow(Cell(label(text)), [over_seeds.cell(v, 1) for v in values]))
    return table
