"""Length generalisation: the score by length of example, at the lengths of training and beyond them.

For tasks whose metric says how long an example is (the statistic `length`) and which test both parts: the primary
metric NAME on the lengths of the test, and NAME_in_range on those of training (`harness.metrics.masked_tagging`).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.metrics.undertrained import TRAINED
from harness.report import formatting as fmt
from harness.report import over_seeds, results
from harness.report.figures import Figure, label
from harness.report.figures.steps import over_steps
from harness.report.over_seeds import capital, said
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.parts import FEWEST, range_edges
from harness.report.statistics import corpus
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store import Store
from harness.store.example_statistics import example_count, example_statistics, first_statistics
from harness.store.query import RunView

_IN_RANGE = "_in_range"
_WITHIN, _BEYOND = 3, 8  # the most ranges of training lengths, and of the others
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Lengths:
    """The test examples by length.

    Attributes:
        ids: of the examples.
        names: of the ranges, those of training first.
        middles: of the ranges.
        members: (2 + ranges, N): 1 where an example belongs to training lengths, to test lengths, to a range.
        trained: shortest and longest of training.
    """

    ids: list[str]
    names: list[str]
    middles: list[float]
    members: np.ndarray
    trained: tuple[int, int]


def panels(context: PanelContext) -> list[Panel]:
    """The score by length, a curve and tables; empty if the task does not test lengths apart."""
    store, comparison, name = context.store, context.comparison, context.name
    scale = results.primary_of(comparison)
    first = next((e.finished[0] for e in comparison.entries if e.finished), None)
    if first is None or not _has_lengths(first_statistics(store, first.id), scale.name):
        return []
    examples = example_count(store, first.id)
    if not 0 < examples <= over_seeds.MOST_ROWS:
        return []
    runs, left_out = over_seeds.readable_runs(comparison, examples)
    baselines = {e.label: e.finished for e in comparison.baselines if e.finished and e.label not in runs}
    lengths = _lengths(_rows(store, [first.id], scale.name)[first.id])
    if lengths is None:
        return []
    scores, lost = _scores(store, runs | baselines, scale.name, lengths)
    if not scores:
        return []
    numbers = {**context.colours, **{text: -1 - i for i, text in enumerate(baselines)}}
    models = {text: array for text, array in scores.items() if text not in baselines}
    text = _sentences(lengths, models, scale)
    if left_out + lost:
        text.append(f"Left out: {'; '.join(left_out + lost)}.")
    figure = _figure(lengths, scores, scale, f"{name}-figure", numbers)
    tables = [_by_seeds(models, scale, f"{name}-seeds"), _by_length(lengths, scores, scale, f"{name}-table")]
    return [Panel(name, f"{capital(scale.title)} by length", text, [figure], tables, place=15)]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"lengths": panels}


# -- scores ------------------------------------------------------------------------------------------


def _has_lengths(row: Row, metric: str) -> bool:
    both = (row.get(metric), row.get(metric + _IN_RANGE))
    return all(isinstance(one, Mapping) and isinstance(one.get("length"), int) for one in both)


def _rows(store: Store, ids: Sequence[int], metric: str) -> dict[int, dict[str, tuple[Row, Row]]]:
    """By run and example: the statistics of the metric and of its partner."""
    one, two = (example_statistics(store, ids, name) for name in (metric, metric + _IN_RANGE))
    return {
        run: {i: (row, two[run][i]) for i, row in rows.items() if isinstance(row, Mapping) and i in two[run]}
        for run, rows in one.items()
        if run in two
    }


def _lengths(rows: Mapping[str, tuple[Row, Row]]) -> _Lengths | None:
    """How a run's examples are divided; None if one of the two parts has too few."""
    ids = list(rows)
    lengths = np.array([int(row["length"]) for row, _ in rows.values()])
    within = np.array([any(value for key, value in two.items() if key != "length") for _, two in rows.values()])
    names, middles, members = list[str](), list[float](), [within, ~within]
    for part, most in ((within, _WITHIN), (~within, _BEYOND)):
        start = 0
        for edge in range_edges(lengths[part], most, FEWEST):
            inside = part & (lengths > start) & (lengths <= edge)
            low, high = int(lengths[inside].min()), int(lengths[inside].max())
            names.append(f"{low}–{high}" if low < high else f"{low}")
            middles.append((low + high) / 2)
            members.append(inside)
            start = edge
    if not within.any() or within.all() or len(members) < 4:
        return None
    trained = int(lengths[within].min()), int(lengths[within].max())
    return _Lengths(ids, names, middles, np.array(members, dtype=float), trained)


def _scores(
    store: Store, runs: Mapping[str, Sequence[RunView]], metric: str, lengths: _Lengths
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Scores by label, (seeds, 2 + ranges), columns as `_Lengths.members` has rows; and what was left out."""
    read = _rows(store, [run.id for of_label in runs.values() for run in of_label], metric)
    found, left_out = over_seeds.recomputed(
        runs, metric, lambda run, stored: _of_run(read.get(run.id, {}), stored, lengths), over_seeds.OTHER_EXAMPLES
    )
    return {text: np.array(values) for text, values in found.items()}, left_out


def _of_run(rows: Mapping[str, tuple[Row, Row]], stored: float | None, lengths: _Lengths) -> np.ndarray | None:
    """The scores of one run, (2 + ranges,); None if its examples are others or do not give its stored score."""
    if rows.keys() != set(lengths.ids):
        return None
    parts = [[rows[i][k] for i in lengths.ids] for k in (0, 1)]
    formula = corpus.formula_of(parts[0][:1])
    if formula is None:
        return None
    tables, _ = corpus.tabulate(formula, {"beyond": parts[0], "within": parts[1]})
    if len(tables) < 2 or not corpus.matches(formula, tables["beyond"], stored):
        return None
    sums = lengths.members @ (tables["beyond"] + tables["within"])  # (2 + ranges, S)
    return formula.score(sums)


# -- the panel ---------------------------------------------------------------------------------------


def _sentences(lengths: _Lengths, models: Mapping[str, np.ndarray], scale: results.Scale) -> list[str]:
    """What is drawn, and which models do not fit their training lengths."""
    low, high = lengths.trained
    trained = f"lengths of training ({low} to {high}, shaded)" if low < high else f"length of training ({low})"
    text = [
        f"{capital(scale.title)} on unseen examples of the {trained} and of the test "
        "lengths, each range scored as a test split of its own. Models were trained and selected on training lengths "
        "alone."
    ]
    under = [label(t) for t, array in models.items() if _undertrained(array, scale)]
    if under:
        text.append(
            f"Undertrained: {', '.join(under)}: below {TRAINED:g} % on average at the training lengths. What such a "
            "model scores elsewhere says nothing of what it could learn with a larger budget or other settings."
        )
    return text


def _undertrained(scores: np.ndarray, scale: results.Scale) -> bool:
    """Whether the mean at training lengths is below what counts as fitted; a share in per cent only."""
    return scale.unit == "%" and scale.higher_is_better is True and not float(scores[:, 0].mean()) >= TRAINED


def _figure(
    lengths: _Lengths,
    scores: Mapping[str, np.ndarray],
    scale: results.Scale,
    name: str,
    numbers: Mapping[str, int],
) -> Figure:
    series = {text: over_seeds.spread_of_columns(array[:, 2:]) for text, array in scores.items()}
    seeds = max(len(array) for array in scores.values())
    caption = f"{capital(scale.title)} by length; shaded: lengths of training"
    caption += "; means over seeds, bands from the lowest to the highest seed." if seeds > 1 else "."
    unit = scale.note.removesuffix(scale.arrow).strip()
    arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}[scale.higher_is_better]
    alt = f"Line chart of {scale.title}{arrow} against length. " + " ".join(
        f"{label(text)}: {said(values[0].mean)} at lengths {lengths.names[0]}, "
        f"{said(values[-1].mean)} at {lengths.names[-1]}."
        for text, values in series.items()
    )
    order = np.argsort(lengths.middles, kind="stable")
    ordered = {text: [values[k] for k in order] for text, values in series.items()}
    steps = [lengths.middles[k] for k in order]
    titles = ("length", f"{scale.title}{f', {unit}' if unit else ''}{arrow}")
    return over_steps(name, steps, ordered, numbers, titles=titles, caption=caption, alt=alt, shaded=lengths.trained)


def _by_seeds(models: Mapping[str, np.ndarray], scale: results.Scale, name: str) -> Table:
    """Mean, median, best and worst seed at test lengths, beside the mean at training lengths."""
    digits = fmt.decimals(float(v) for array in models.values() for v in array[:, :2].ravel())
    caption = f"{capital(scale.title)} ({scale.note or scale.title}) over seeds, at the lengths of training and test"
    columns = [
        Column("seeds"),
        Column("training lengths", "mean"),
        *(Column("test lengths", what) for what in ("mean", "median", "best", "worst")),
        Column("fits training lengths", numeric=False),
    ]
    table = Table(name, caption, "Model", columns)
    for text, array in models.items():
        trained, tested = array[:, 0], [float(v) for v in array[:, 1] if math.isfinite(v)]
        ends = (min(tested), max(tested)) if tested else (math.nan, math.nan)
        best, worst = ends if scale.higher_is_better is False else ends[::-1]
        middle = (statistics.fmean(tested), statistics.median(tested)) if tested else (math.nan, math.nan)
        fits = "–" if scale.unit != "%" else "no: undertrained" if _undertrained(array, scale) else "yes"
        figures = [float(trained.mean()), *middle, best, worst]
        cells = [TableCell(fmt.fixed(v, digits), v if math.isfinite(v) else None) for v in figures]
        seeds = TableCell(str(len(array)), len(array))
        table.rows.append(TableRow(TableCell(text), [seeds, *cells, TableCell(fits)]))
    return table


def _by_length(lengths: _Lengths, scores: Mapping[str, np.ndarray], scale: results.Scale, name: str) -> Table:
    """The values of the figure, means with the lowest and the highest seed."""
    digits = fmt.decimals(float(v) for array in scores.values() for v in array.ravel())
    caption = f"{capital(scale.title)} ({scale.note or scale.title}) by length; each with its number of examples"
    names = ["training lengths", "test lengths", *lengths.names]
    sizes = lengths.members.sum(1).astype(int).tolist()
    columns = [Column(part, f"{size}") for part, size in zip(names, sizes, strict=True)]
    rows = [
        TableRow(TableCell(text), [over_seeds.cell(column, digits) for column in array.T])
        for text, array in scores.items()
    ]
    return Table(name, caption, "Model", columns, rows)
