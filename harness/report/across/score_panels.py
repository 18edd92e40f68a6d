"""The panels of normalised scores, their distribution, and the probability of improvement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from harness.report import formatting as fmt
from harness.report.across import bootstrap, drawing, profiles
from harness.report.across.aggregate import Estimate, iqm, probability_of_improvement
from harness.report.across.grid import Grid, TaskScores
from harness.report.across.normalise import Normalisation, normalisation
from harness.report.figures import label
from harness.report.panels import Panel
from harness.report.statistics import FEW_SEEDS
from harness.report.tables import Column, Table, TableCell, TableRow

Resampled = Mapping[str, list[np.ndarray] | None]
"""Weights of every model's runs, from `bootstrap.resample`."""

_MOST_PAIRS = 15  # in the chart of pairs; the table has all of them
_SHORT = 15  # letters of a name that leave room for another on the same line


def score_panels(grid: Grid, ordered: Sequence[str], colours: Mapping[str, int], resampled: Resampled) -> list[Panel]:
    """The interquartile mean of normalised scores, and their distribution."""
    scales = [(t, normalisation(t, grid.models)) for t in grid.tasks]
    usable = [(t, n) for t, n in scales if n is not None]
    flat = [t.heading for t, n in scales if n is None]
    if not usable:
        return [
            Panel(
                "across-scores-panel",
                "Normalised scores",
                ["Every model has the same mean on every task, so there is no scale for normalisation."],
            )
        ]
    scores = {m: [n(t.values[m]) for t, n in usable] for m in grid.models}
    if flat:
        kept = [i for i, (_, n) in enumerate(scales) if n is not None]
        resampled = {m: w if w is None else [w[i] for i in kept] for m, w in resampled.items()}
    panel = _score_panel(grid, usable, scores, ordered, resampled)
    if flat:
        panel.text.append(f"Left out, since every model has the same mean there: {', '.join(flat)}.")
    at = profiles.thresholds(list(scores.values()))
    curves = {m: profiles.profile(scores[m], at, resampled[m]) for m in ordered}
    figure = drawing.profiles("across-profiles", curves, colours, grid.fewest_seeds)
    words = [
        "How to read it: a higher curve is better; where curves cross, neither model is better throughout. "
        "The curves are distributions of scores, not ratios to the best (Dolan and Moré), because a ratio of errors is "
        "unbounded if the best makes none, and changes if accuracy is used instead.",
    ]
    shape = Panel("across-profiles-panel", "Performance profiles", words, [figure])
    return [panel, shape]


def _score_panel(
    grid: Grid,
    usable: Sequence[tuple[TaskScores, Normalisation]],
    scores: Mapping[str, list[np.ndarray]],
    ordered: Sequence[str],
    resampled: Resampled,
) -> Panel:
    columns = [Column("interquartile mean", "↑", has_interval=True), *(Column(t.heading) for t, _ in usable)]
    table = Table(
        "across-scores",
        "Normalised scores: interquartile mean over all runs, and the mean on every task",
        "Model",
        columns,
    )
    for model in ordered:
        middle = iqm(scores[model], resampled[model])
        half = None if middle.high is None else middle.high - middle.value
        cells = [TableCell(fmt.with_interval(middle.value, half, 2), middle.value, half)]
        for of_task in scores[model]:
            mean = float(of_task.mean())
            cells.append(TableCell(fmt.fixed(round(mean, 2) + 0.0, 2), mean))  # no minus before zero
        table.rows.append(TableRow(TableCell(model), cells))
    ends = Table(
        "across-normalisation",
        "What scores 0 and 1 on every task",
        "Column",
        [Column("0 is"), Column("whose", numeric=False), Column("1 is"), Column("whose", numeric=False)],
        sortable=False,
    )
    for task, scale in usable:
        digits = fmt.decimals((scale.zero, scale.one))
        ends.rows.append(
            TableRow(
                TableCell(task.heading, note=task.measured),
                [
                    TableCell(fmt.fixed(scale.zero, digits), scale.zero),
                    TableCell(scale.zero_is),
                    TableCell(fmt.fixed(scale.one, digits), scale.one),
                    TableCell(scale.one_is),
                ],
            )
        )
    words = [
        "Score = (result − zero) / (one − zero), for metrics of either direction. Zero is the strongest baseline, so a "
        "negative score is a result below it; one is the best mean of the models, or, if that is further, as far above "
        "the baseline as the worst mean is below it. Without a baseline, zero is the worst mean. So a score compares "
        "these models only, and adding a model may change it. If zero and one are close, small differences look large.",
        "The interquartile mean is the mean of the middle half of all runs; every task has the same weight.",
        *_intervals(
            grid,
            resampled,
            "± is half the 95 % interval over seeds: a bootstrap with tasks as strata "
            f"({bootstrap.RESAMPLES} resamples of n − 1 of n seeds, seed {bootstrap.SEED}), with Student’s t. The "
            "tasks, zero and one are held fixed: it says nothing about other tasks.",
        ),
    ]
    return Panel("across-scores-panel", "Normalised scores", words, [], [table, ends])


def _intervals(grid: Grid, resampled: Resampled, method: str) -> list[str]:
    """What the intervals are, and which models have none and why."""
    lacking = [m for m in grid.models if resampled[m] is None]
    said = [method] if len(lacking) < len(grid.models) else []
    if lacking:
        who = "No model has" if len(lacking) == len(grid.models) else "Not all models have"
        number = "one seed" if grid.fewest_seeds == 1 else f"{grid.fewest_seeds} seeds"
        said.append(
            f"{who} an interval, which needs {FEW_SEEDS} seeds on every task; some results are of {number}. "
            "Nothing can be concluded from a difference to a model without one."
        )
    return said


def improvement_panel(grid: Grid, ordered: Sequence[str], resampled: Resampled) -> Panel:
    """P(X > Y) of every pair, the model with the better average rank first; the chart shows the first pairs."""
    oriented = {m: [t.oriented(m) for t in grid.tasks] for m in grid.models}
    found: list[tuple[str, str, Estimate]] = []
    for x, y in combinations(ordered, 2):
        estimate = probability_of_improvement(oriented[x], oriented[y], (resampled[x], resampled[y]))
        found.append((x, y, estimate))
    columns = [
        Column("against", numeric=False),
        Column("probability", "0.5: no preference"),
        Column("from", "95 % interval"),
        Column("to", "95 % interval"),
    ]
    table = Table(
        "across-improvement", "How likely a run of one model beats a run of another on the same task", "Model", columns
    )
    for x, y, estimate in found:
        few = resampled[x] is None or resampled[y] is None
        low, high = (_probability(v, table, few=few) for v in (estimate.low, estimate.high))
        table.rows.append(
            TableRow(TableCell(x), [TableCell(y), TableCell(f"{estimate.value:.2f}", estimate.value), low, high])
        )
    shown = [(f"{label(x, _SHORT)} over {label(y, _SHORT)}", e) for x, y, e in found[:_MOST_PAIRS]]
    bars = any(e.low is not None for _, e in shown)
    caption = "Probability that a run of the first model beats one of the second on a task drawn from these."
    caption += " Lines: 95 % intervals over seeds." if bars else ""
    figure = drawing.intervals("across-improvement-chart", shown, caption, len(found) - len(shown))
    words = [
        "P(X > Y): a task is drawn from these, then a run of either model; ties count half. It says how often, not by "
        "how much.",
        *_intervals(
            grid,
            resampled,
            f"Intervals over seeds: a bootstrap with tasks as strata ({bootstrap.RESAMPLES} resamples, seed "
            f"{bootstrap.SEED}). They are not corrected for the number of pairs and say nothing of other tasks.",
        ),
    ]
    return Panel("across-improvement-panel", "Probability of improvement", words, [figure], [table])


def _probability(value: float | None, table: Table, *, few: bool) -> TableCell:
    if value is not None:
        return TableCell(f"{value:.2f}", value)
    if few:
        return TableCell("–", hidden="too few seeds for an interval", mark="quiet")
    why = "All pairs of seeds agree on every task; resampling them cannot say how sure that is."
    return TableCell("–", mark="quiet", footnote=table.footnote(why))
