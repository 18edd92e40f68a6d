"""Where a model does well and where it does not: scores by length of example, and by class.

The score of a part is the corpus score of its examples, from the sum of their statistics, never a mean of per-example
scores: BLEU of short sentences is the BLEU that a test split of short sentences would have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report import over_seeds, results
from harness.report.figures import label
from harness.report.figures.groups import Spread, over_ranges, over_rows
from harness.report.load import Comparison
from harness.report.over_seeds import capital, said
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.parts import FEWEST, Parts, by_class, by_length
from harness.report.statistics import corpus
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store import Store
from harness.store.example_statistics import example_count, example_statistics, example_texts
from harness.store.query import RunView

_MOST_CLASSES = 20  # that a figure shows; the table has all


def panels(context: PanelContext) -> list[Panel]:
    """Scores of parts of the test split; empty if the target names no parts or the task's statistics cannot be split.

    Texts are divided by the length of their source, or of the right answer if there is none, into ranges of roughly
    equal size; classified examples by class. Runs whose examples do not reproduce their stored score are left out.
    Forecasts and tags have their own panels (`harness.report.horizons`, `harness.report.by_tag`).
    """
    store, comparison, name = context.store, context.comparison, context.name
    scale = results.primary_of(comparison)
    first = next((e.finished[0] for e in comparison.entries if e.finished), None)
    kind = divided_by(first) if first else ""
    if first is None or kind not in ("class", "length"):
        return []
    examples = example_count(store, first.id)
    if (kind == "length" and examples < 2 * FEWEST) or examples > over_seeds.MOST_ROWS:
        return []
    if kind == "class" and "accuracy" in first.units:  # other scores of one class alone mean little
        scale = results.scale_of(first, "accuracy")
    probe = [s for s in example_statistics(store, [first.id], scale.name)[first.id].values() if isinstance(s, Mapping)]
    formula = corpus.formula_of(probe[:1])
    if formula is None:
        return []
    texts = example_texts(store, first.id)
    edits = any("edits" in s for s in probe)  # errors per word of the right answer
    parts = by_class(texts) if kind == "class" else by_length(texts, of_answer=edits)
    if parts is None:
        return []
    scores, left_out = _scores(store, comparison, scale.name, formula, list(texts), parts)
    if not scores:
        return []
    return [_panel(parts, scores, left_out, comparison, scale, name, context.colours)]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"parts": panels}


def divided_by(run: RunView) -> str:
    """What the run's target says that scores are divided by: "class", "tag", "horizon", "length", or ""."""
    return str(run.summary.charts.get("parts", "")) if run.summary else ""


# -- scores ------------------------------------------------------------------------------------------


def _scores(
    store: Store,
    comparison: Comparison,
    metric: str,
    formula: corpus.Formula,
    ids: Sequence[str],
    parts: Parts,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Scores by label, (seeds, 1 + parts): of all examples and of each part; and descriptions of what was left out."""
    wanted, left_out = over_seeds.readable_runs(comparison, len(ids))
    read = example_statistics(store, [r.id for runs in wanted.values() for r in runs], metric)
    known = set(ids)
    rows = {
        str(number): [s if isinstance(s := statistics[i], Mapping) else {} for i in ids]
        for number, statistics in read.items()
        if statistics.keys() == known
    }
    tables, _ = corpus.tabulate(formula, rows)
    members = parts.members

    def of_run(run: RunView, stored: float | None) -> np.ndarray | None:
        table = tables.get(str(run.id))
        if table is None or not corpus.matches(formula, table, stored):
            return None
        return np.vstack([table.sum(0), members @ table])  # (1 + parts, S)

    sums, lost = over_seeds.recomputed(wanted, metric, of_run, over_seeds.OTHER_EXAMPLES)
    left_out += lost
    if not sums:
        return {}, left_out
    of_all = np.array([each for of_model in sums.values() for each in of_model])
    scored = _has_score(of_all, next(iter(rows.values()))[0])
    scores = {text: np.where(scored, formula.score(np.array(each)), np.nan) for text, each in sums.items()}
    return scores, left_out


def _has_score(sums: np.ndarray, statistics: Mapping[str, object]) -> np.ndarray:
    """Whether a part has a score, (1 + parts,), given the sums of all runs (runs, 1 + parts, S).

    None has one without examples, and none has a BLEU if no output of any run has four words, since BLEU is then 0 by
    definition. One run's outputs may be too short where others' are not: that run scores 0, in its mean too. All
    examples together always have a score, the one that the run reports.
    """
    known: np.ndarray = np.asarray((sums[..., -1] > 0).any(axis=0))
    if {"matches", "totals"} <= statistics.keys():  # the totals of the longest n-gram come before the count
        known[1:] &= np.asarray((sums[:, 1:, -2] > 0).any(axis=0))
    return known


# -- the panel ---------------------------------------------------------------------------------------


def _panel(
    parts: Parts,
    scores: Mapping[str, np.ndarray],
    left_out: Sequence[str],
    comparison: Comparison,
    scale: results.Scale,
    name: str,
    colours: Mapping[str, int],
) -> Panel:
    whole, all_scores = parts, scores
    if parts.kind == "class":
        whole, all_scores = _hardest_first(parts, scores, scale)
        parts, scores = _hardest_first(parts, scores, scale, _MOST_CLASSES)
    spreads = {text: over_seeds.spread_of_columns(array[:, 1:]) for text, array in scores.items()}
    title = capital(f"{scale.title} by {parts.what if parts.kind == 'class' else 'number of ' + parts.what}")
    seeds = max(len(array) for array in scores.values())
    caption = capital(f"{scale.title} on parts of the test split")
    caption += "; means over seeds, bars from the lowest to the highest seed." if seeds > 1 else "."
    unit = scale.note.removesuffix(scale.arrow).strip()
    arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}[scale.higher_is_better]
    axis = f"{scale.title}{f', {unit}' if unit else ''}{arrow}"
    leaders = _leaders(parts, spreads, scale)
    alt = capital(f"{scale.title}{arrow} by {parts.what}. ") + " ".join(
        f"{label(text)}: "
        + ", ".join(f"{label(g, 24)} {said(v.mean)}" for g, v in zip(parts.names, values, strict=True))
        + "."
        for text, values in spreads.items()
    )
    if parts.kind == "class":
        figure = over_rows(f"{name}-figure", parts.names, spreads, colours, title=axis, caption=caption, alt=alt)
    else:
        titles = (parts.what, axis)
        figure = over_ranges(f"{name}-figure", parts.names, spreads, colours, titles=titles, caption=caption, alt=alt)
    text = [_how(whole), *_not_drawn(whole, parts), *leaders]
    if any(math.isnan(v.mean) for values in spreads.values() for v in values):
        text.append("A part has no value if its outputs are too short for the metric.")
    if left_out:
        text.append(f"Left out: {'; '.join(left_out)}.")
    return Panel(
        name, title, text, [figure], [_table(whole, all_scores, scale, f"{name}-table")], folded=True, place=60
    )


def _hardest_first(
    parts: Parts, scores: Mapping[str, np.ndarray], scale: results.Scale, most: int | None = None
) -> tuple[Parts, dict[str, np.ndarray]]:
    """Classes by their mean over models, worst first and those without a score last; all, or at most as many."""
    means = [over_seeds.spread(values).mean for values in np.array([a[:, 1:].mean(0) for a in scores.values()]).T]
    sign = 1.0 if scale.higher_is_better is not False else -1.0
    order = sorted(range(len(means)), key=lambda k: (math.isnan(means[k]), sign * means[k], parts.names[k]))[:most]
    new = np.full(len(parts.names) + 1, -1)
    new[order] = np.arange(len(order))
    columns = [0, *(k + 1 for k in order)]
    kept = Parts(parts.kind, parts.what, [parts.names[k] for k in order], new[parts.of])
    return kept, {text: array[:, columns] for text, array in scores.items()}


def _how(parts: Parts) -> str:
    """How the parts were made, how many examples each has, and which of them have few."""
    each = _with_sizes(parts)
    if parts.kind == "class":
        lost, small = int((parts.of < 0).sum()), sum(size < FEWEST for size in parts.sizes)
        text = "Each class separately, the hardest one first"
        text += f", with its number of test examples: {', '.join(each)}." if len(each) <= _MOST_CLASSES else "."
        if small:
            have = "class has" if small == 1 else "classes have"
            text += f" {small} {have} fewer than {FEWEST} examples: a score of so few is largely chance."
        if lost:
            text += f" Left out: {fmt.plural(lost, 'example')} without a right answer as text."
        return text
    each_range = ", ".join(each)
    return (
        f"Test examples by the number of {parts.what}, in ranges of roughly equal size; each range is scored as a test "
        f"split of its own. Ranges and their numbers of examples: {each_range}."
    )


def _with_sizes(parts: Parts) -> list[str]:
    return [f"{label(n, 40)} ({size})" for n, size in zip(parts.names, parts.sizes, strict=True)]


def _not_drawn(whole: Parts, drawn: Parts) -> list[str]:
    """What the table has and the figure lacks."""
    if len(drawn.names) == len(whole.names):
        return []
    return [f"The figure shows the {len(drawn.names)} hardest of {len(whole.names)} classes, the table all of them."]


def _leaders(parts: Parts, spreads: Mapping[str, Sequence[Spread]], scale: results.Scale) -> list[str]:
    """Which model has the best mean in which part; empty with one model or an unknown direction."""
    if len(spreads) < 2 or scale.higher_is_better is None:
        return []
    best: dict[str, list[str]] = {}
    for k, group in enumerate(parts.names):
        means = {text: values[k].mean for text, values in spreads.items() if math.isfinite(values[k].mean)}
        if means:
            most = max(means.values()) if scale.higher_is_better else min(means.values())
            leading = [text for text, mean in means.items() if mean == most]
            best.setdefault(label(leading[0]) if len(leading) == 1 else "several, equally", []).append(label(group, 40))
    everywhere = "all" if sum(map(len, best.values())) == len(parts.names) else "all that have a value"
    told = [f"{who} in {everywhere if len(best) == 1 else ', '.join(where)}" for who, where in best.items()]
    return [f"Best mean: {'; '.join(told)}. Differences within parts were not tested."] if told else []


def _table(parts: Parts, scores: Mapping[str, np.ndarray], scale: results.Scale, name: str) -> Table:
    """The same values: ranges in columns and models in rows, or classes, of which there are more, in rows."""
    sizes = [len(parts.of), *parts.sizes]
    names = ["all examples", *(label(n, 40) for n in parts.names)]
    digits = fmt.decimals(float(v) for array in scores.values() for v in array.ravel())
    cells = {text: [over_seeds.cell(column, digits) for column in array.T] for text, array in scores.items()}
    caption = capital(f"{scale.title} ({scale.note or scale.title}) by {parts.what}; each with its number of examples")
    if parts.kind == "class":
        table = Table(name, caption, "Class", [Column("examples"), *(Column(text) for text in scores)])
        for k, (part, size) in enumerate(zip(names, sizes, strict=True)):
            row = [TableCell(str(size), size), *(of_model[k] for of_model in cells.values())]
            table.rows.append(TableRow(TableCell(part), row))
        return table
    columns = [Column(part, f"{size}") for part, size in zip(names, sizes, strict=True)]
    rows = [TableRow(TableCell(text), of_model) for text, of_model in cells.items()]
    return Table(name, caption, "Model", columns, rows)
