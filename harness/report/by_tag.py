"""F1 of each tag, for targets of one class a position: computed from the confusion matrices of the runs."""

from __future__ import annotations

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report import over_seeds
from harness.report.figures import label
from harness.report.figures.groups import over_rows
from harness.report.over_seeds import said
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store.query import RunView

_MOST_TAGS = 40  # drawn, the most frequent ones; the table has all


def panels(context: PanelContext) -> list[Panel]:
    """F1 of each tag over models, in a figure and a table; none where the target is of another kind."""
    comparison, name, colours = context.comparison, context.name, context.colours
    matrices = {e.label: [m for r in e.finished if (m := _matrix(r)) is not None] for e in comparison.entries}
    matrices = {text: found for text, found in matrices.items() if found}
    if not matrices:
        return []
    labels, first = next(iter(matrices.values()))[0]
    scores: dict[str, np.ndarray] = {}
    for text, found in matrices.items():
        same = [f1_by_tag(matrix) for names, matrix in found if names == labels]
        if same:
            scores[text] = np.array(same)  # (seeds, K)
    support = first.sum(1)
    order = np.lexsort((np.arange(len(labels)), -support))
    found_in_test = [int(k) for k in order if support[k] > 0]
    kept = found_in_test[:_MOST_TAGS]
    if not kept:
        return []
    tags = [labels[k] for k in kept]
    spreads = {text: over_seeds.spread_of_columns(array[:, kept]) for text, array in scores.items()}
    seeds = max(len(array) for array in scores.values())
    caption = "F1 of each tag on the test split"
    caption += "; means over seeds, bars from the lowest to the highest seed." if seeds > 1 else "."
    alt = "F1 (higher is better) by tag. " + " ".join(
        f"{label(text)}: "
        + ", ".join(f"{label(t, 24)} {said(v.mean)}" for t, v in zip(tags, values, strict=True))
        + "."
        for text, values in spreads.items()
    )
    figure = over_rows(
        f"{name}-figure", tags, spreads, colours, title="F1, % (higher is better)", caption=caption, alt=alt
    )
    words = [
        "F1 of each tag that occurs in the test split, over single positions, the most frequent tag first; spans that "
        "tags make up are not considered here."
    ]
    if len(kept) < len(found_in_test):
        words.append(f"The figure shows the {len(kept)} most frequent of {len(found_in_test)} tags, the table all.")
    never = [label(text, 24) for text, count in zip(labels, support, strict=True) if not count]
    if never:
        words.append(f"Left out, since no test position has them: {', '.join(never)}.")
    others = sum(names != labels for found in matrices.values() for names, _ in found)
    if others:
        words.append(f"Left out: {fmt.plural(others, 'run')} whose tags are not those of the others.")
    digits = fmt.decimals(float(v) for array in scores.values() for v in array[:, found_in_test].ravel())
    table = Table(
        f"{name}-table",
        "F1 (%, ↑) by tag; with each the number of positions that have it",
        "Tag",
        [Column("positions"), *(Column(text) for text in scores)],
    )
    for k in found_in_test:
        cells = [over_seeds.cell(array[:, k], digits) for array in scores.values()]
        table.rows.append(TableRow(TableCell(labels[k]), [TableCell(str(support[k]), int(support[k])), *cells]))
    return [Panel(name, "F1 by tag", words, [figure], [table], folded=True, place=70)]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"tags": panels}


def f1_by_tag(matrix: np.ndarray) -> np.ndarray:
    """F1 of each tag in per cent, (K,), from counts (actual, predicted); NaN where a tag neither occurs nor is said."""
    seen = matrix.sum(0) + matrix.sum(1)
    return np.where(seen > 0, 200.0 * np.diag(matrix) / np.where(seen > 0, seen, 1), np.nan)


def _matrix(run: RunView) -> tuple[list[str], np.ndarray] | None:
    """The tags and how often each was taken for each; None where the run's target is of another kind."""
    charts = run.summary.charts if run.summary else {}
    chart = charts.get("confusion")
    if charts.get("parts") != "tag" or not chart:
        return None
    matrix = np.asarray(chart["matrix"], dtype=np.int64)
    labels = [str(tag) for tag in chart["labels"]]
    return (labels, matrix) if matrix.shape == (len(labels), len(labels)) and labels else None
