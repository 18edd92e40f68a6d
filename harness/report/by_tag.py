"""F1 of each tag, for targets of one class a position: computed from the confusion matrices of the runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.report import formatting as fmt
from harness.report import over_seeds
from harness.report.figures import label
from harness.report.figures.groups import over_rows
from harness.report.load import Comparison
from harness.report.over_seeds import said
from harness.report.panels import Panel
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store.query import RunView

_MOST_TAGS = 40  # drawn and listed, the most frequent ones


def panels(comparison: Comparison, name: str, colours: Mapping[str, int]) -> list[Panel]:
    """F1 of each tag over models, in a figure and a table; none where the target is of another kind.

    Args:
        comparison: runs under equal conditions.
        name: begins the names of panel, table and figure.
        colours: the number of each label's colour, the same throughout a report.
    """
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
    kept = [int(k) for k in order if support[k] > 0][:_MOST_TAGS]
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
    figure = over_rows(name, tags, spreads, colours, title="F1, % (higher is better)", caption=caption, alt=alt)
    words = [
        "F1 of each tag that occurs in the test split, over single positions, the most frequent tag first; spans that "
        "tags make up are not considered here."
    ]
    if len(kept) < int((support > 0).sum()):
        words.append(f"Shown are the {len(kept)} most frequent of {int((support > 0).sum())} tags.")
    digits = fmt.decimals(float(v) for array in scores.values() for v in array[:, kept].ravel())
    table = Table(
        f"{name}-table",
        "F1 (%, ↑) by tag; with each the number of positions that have it",
        "Tag",
        [Column("positions"), *(Column(text) for text in scores)],
    )
    for k, tag in zip(kept, tags, strict=True):
        cells = [over_seeds.cell(array[:, k], digits) for array in scores.values()]
        table.rows.append(TableRow(TableCell(tag), [TableCell(str(support[k]), int(support[k])), *cells]))
    return [Panel(name, "F1 by tag", words, [figure], [table], folded=True)]


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
