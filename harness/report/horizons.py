"""How the error of a forecast grows with the horizon: the metric at every step ahead, for models and baselines.

Metrics provide it in the statistics `steps` and `by_step`, beside their sums (`harness.metrics.forecasting`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report import over_seeds, results
from harness.report.figures import Figure, label
from harness.report.figures.groups import Spread
from harness.report.figures.steps import over_steps
from harness.report.over_seeds import said
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store import Store
from harness.store.example_statistics import example_count, example_statistics, first_statistics
from harness.store.query import RunView

_MOST_PARTS, _MOST_STEPS = 500, 1_000_000  # more are not our statistics
_CLOSE = 1e-6
_FORMULAS = {
    "squared_error": "the sum of (forecast − target)²",
    "absolute_error": "the sum of |forecast − target|",
}
"""What is summed, by the name of the statistic."""


@dataclass(frozen=True)
class _Horizon:
    """How a forecast's steps are divided: the number of steps, and of parts of neighbouring steps."""

    steps: int
    parts: int

    @property
    def sizes(self) -> np.ndarray:
        """Steps of each part, (P,); as `numpy.array_split` cuts."""
        return self.steps // self.parts + (np.arange(self.parts) < self.steps % self.parts)

    @property
    def names(self) -> list[str]:
        """Names of the parts: "1", or "1–2" if neighbours share one."""
        ends = [0, *np.cumsum(self.sizes).tolist()]
        return [f"{a + 1}" if b == a + 1 else f"{a + 1}–{b}" for a, b in pairwise(ends)]

    @property
    def middles(self) -> list[float]:
        """Positions of the parts on an axis of steps."""
        ends = [0, *np.cumsum(self.sizes).tolist()]
        return [(a + 1 + b) / 2 for a, b in pairwise(ends)]


def panels(context: PanelContext) -> list[Panel]:
    """The error by horizon, a figure and a table for every metric that provides it; only for forecasts.

    A step's value is the metric at that step: its sum over all test examples and variables, divided by their number.
    Runs whose steps do not reproduce their stored score are left out.
    """
    store, comparison, name, colours = context.store, context.comparison, context.name, context.colours
    firsts = [e.finished[0] for e in comparison.entries if e.finished]
    kinds = _kinds([first_statistics(store, run.id) for run in firsts])
    if not kinds:
        return []
    examples = example_count(store, firsts[0].id)
    if examples > over_seeds.MOST_ROWS:
        return []
    runs, left_out = over_seeds.readable_runs(comparison, examples)
    baselines = {e.label: e.finished for e in comparison.baselines if e.finished and e.label not in runs}
    numbers = {**colours, **{text: -1 - i for i, text in enumerate(baselines)}}
    panel = Panel(name, "Error by horizon", folded=True, place=80)
    for metric, (term, horizon) in kinds.items():
        errors, lost = _errors(store, runs | baselines, metric, term, horizon)
        left_out += [phrase for phrase in lost if phrase not in left_out]
        if errors:
            scale = results.scale_of(firsts[0], metric)
            panel.text += _sentences(horizon, errors, scale, term, baselines)
            panel.figures.append(_figure(horizon, errors, scale, f"{name}-{len(panel.figures) + 1}", numbers))
            panel.tables.append(_table(horizon, errors, scale, f"{name}-table-{len(panel.tables) + 1}"))
    if not panel.figures:
        return []
    if left_out:
        panel.text.append(f"Left out: {'; '.join(left_out)}.")
    return [panel]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"horizon": panels}


# -- errors ------------------------------------------------------------------------------------------


def _horizon(statistics: Mapping[str, Any]) -> _Horizon | None:
    """How the steps of an example are divided; None where it cannot be."""
    steps, sums = statistics.get("steps"), statistics.get("by_step")
    if not isinstance(steps, int) or not isinstance(sums, list):
        return None
    if not 1 <= len(sums) <= min(steps, _MOST_PARTS) or steps > _MOST_STEPS:
        return None
    return _Horizon(steps, len(sums))


def _kinds(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, _Horizon]]:
    """By metric: what is summed, and the most common horizon of the runs, given one row of statistics each."""
    found: dict[str, Counter[tuple[str, _Horizon]]] = {}
    for row in rows:
        for metric, statistics in row.items():
            horizon = _horizon(statistics) if isinstance(statistics, Mapping) else None
            term = next((term for term in _FORMULAS if term in statistics), None) if horizon is not None else None
            if horizon is not None and term is not None and horizon.parts > 1:
                found.setdefault(metric, Counter())[term, horizon] += 1
    return {metric: counts.most_common(1)[0][0] for metric, counts in found.items()}


def _errors(
    store: Store,
    runs: Mapping[str, Sequence[RunView]],
    metric: str,
    term: str,
    horizon: _Horizon,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Errors by label, (seeds, 1 + P): over all steps and of each part; and descriptions of what was left out."""
    read = example_statistics(store, [r.id for of_label in runs.values() for r in of_label], metric)

    def of_run(run: RunView, stored: float | None) -> np.ndarray | None:
        values = _of_run(list(read.get(run.id, {}).values()), term, horizon)
        if values is None or stored is None:
            return None
        return values if math.isclose(values[0], stored, rel_tol=_CLOSE) else None

    flaw = "whose steps differ or do not reproduce the stored score"
    found, left_out = over_seeds.recomputed(runs, metric, of_run, flaw)
    return {text: np.array(values) for text, values in found.items()}, left_out


def _of_run(rows: Sequence[Any], term: str, horizon: _Horizon) -> np.ndarray | None:
    """The error over all steps, and of each part, (1 + P,); None if the rows do not contain it."""
    if not rows or any(not isinstance(row, Mapping) or _horizon(row) != horizon for row in rows):
        return None
    try:
        with np.errstate(over="ignore"):
            sums = np.array([row["by_step"] for row in rows], dtype=float).sum(0)  # (P,)
        count = float(sum(row["count"] for row in rows))
        whole = float(sum(row[term] for row in rows))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if sums.shape != (horizon.parts,) or not np.isfinite(sums).all() or not count > 0:
        return None
    if not math.isclose(sums.sum(), whole, rel_tol=_CLOSE):
        return None
    return np.array([whole / count, *(sums / (count * horizon.sizes / horizon.steps))])


# -- the panel ---------------------------------------------------------------------------------------


def _sentences(
    horizon: _Horizon, errors: Mapping[str, np.ndarray], scale: results.Scale, term: str, baselines: Mapping[str, Any]
) -> list[str]:
    """What is drawn, and which model is best where."""
    unit = _unit(scale)
    text = (
        f"{scale.title} at step h ahead is {_FORMULAS[term]} over all test examples and variables at that step, "
        f"divided by their number{f' (in {unit})' if unit else ''}; the mean over the {horizon.steps} steps is the "
        f"{scale.title} of the whole test split."
    )
    if horizon.parts < horizon.steps:
        text += f" Neighbouring steps are shown together, in {horizon.parts} parts."
    models = {t: over_seeds.spread_of_columns(array[:, 1:]) for t, array in errors.items() if t not in baselines}
    leaders = _leaders(horizon, models, scale)
    return [text, *([leaders] if leaders else [])]


def _leaders(horizon: _Horizon, models: Mapping[str, Sequence[Spread]], scale: results.Scale) -> str:
    """Which model has the best mean at which steps; empty with one model or an unknown direction."""
    if len(models) < 2 or scale.higher_is_better is None:
        return ""
    sign = -1.0 if scale.higher_is_better else 1.0
    leading = []
    for k in range(horizon.parts):
        least = min(sign * values[k].mean for values in models.values())
        best = [text for text, values in models.items() if sign * values[k].mean == least]
        leading.append(label(best[0]) if len(best) == 1 else "several, equally")
    ends = [name.split("–") for name in horizon.names]
    stretches: dict[str, list[str]] = {}
    start = 0
    for k in range(1, horizon.parts + 1):
        if k == horizon.parts or leading[k] != leading[start]:
            first, last = ends[start][0], ends[k - 1][-1]
            stretches.setdefault(leading[start], []).append(first if first == last else f"{first}–{last}")
            start = k
    if len(stretches) == 1:
        told = f"{leading[0]} at every step"
    else:
        told = "; ".join(
            f"{who} at step{'s' * (len(w) > 1 or '–' in w[0])} {', '.join(w)}" for who, w in stretches.items()
        )
    return f"Best mean {scale.title}: {told}. Differences at single steps were not tested."


def _figure(
    horizon: _Horizon, errors: Mapping[str, np.ndarray], scale: results.Scale, name: str, numbers: Mapping[str, int]
) -> Figure:
    series = {text: over_seeds.spread_of_columns(array[:, 1:]) for text, array in errors.items()}
    seeds = max(len(array) for array in errors.values())
    caption = f"{scale.title} by step of the forecast"
    caption += "; means over seeds, bands from the lowest to the highest seed." if seeds > 1 else "."
    arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}[scale.higher_is_better]
    unit = _unit(scale)
    alt = f"Line chart of {scale.title}{arrow} against the step of the forecast. " + " ".join(
        f"{label(text)}: from {said(values[0].mean)} at step {horizon.names[0]} "
        f"to {said(values[-1].mean)} at step {horizon.names[-1]}."
        for text, values in series.items()
    )
    titles = ("steps ahead", f"{scale.title}{f', {unit}' if unit else ''}{arrow}")
    return over_steps(name, horizon.middles, series, numbers, titles=titles, caption=caption, alt=alt)


def _unit(scale: results.Scale) -> str:
    return scale.note.removesuffix(scale.arrow).strip()


def _table(horizon: _Horizon, errors: Mapping[str, np.ndarray], scale: results.Scale, name: str) -> Table:
    """The same values, with steps in rows, since there are more steps than models."""
    digits = fmt.decimals(float(v) for array in errors.values() for v in array.ravel())
    caption = f"{scale.title} ({scale.note or scale.title}) by step of the forecast"
    table = Table(name, caption, "Step ahead", [Column(text) for text in errors])
    for k, part in enumerate(["all steps", *horizon.names]):
        table.rows.append(
            TableRow(TableCell(part), [over_seeds.cell(array[:, k], digits) for array in errors.values()])
        )
    return table
