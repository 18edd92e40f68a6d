"""The page of a model's errors: its worst examples, and what it takes for what."""

from __future__ import annotations

import math

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure

from harness.explain.errors import ExplainedErrors
from harness.explain.page import ExplainedPart, Page
from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import SMALL, colour, label
from harness.report.tables import Column, Table, TableCell, TableRow

_LONGEST, _LONGEST_LABEL = 200, 20


def error_page(found: ExplainedErrors) -> Page:
    """The page, with a figure where confusions can be told."""
    facts = [*found.run.pairs(), ("test examples", str(found.examples)), ("ordered by", found.by.name)]
    confused = ExplainedPart("Confusions", confusion_sentences(found))
    if found.confusions:
        confused.figures = [confusion_figure(found)]
        confused.tables = [_confusion_table(found)]
    worst = ExplainedPart("The worst examples", [order_sentence(found)], [], [_worst_table(found)])
    return Page(f"Where {found.run.model} errs", found.run.key, facts, [confused, worst])


def order_sentence(found: ExplainedErrors) -> str:
    """How examples are ordered, and how many have nothing wrong."""
    way = "highest" if found.by.higher_is_better else "lowest"
    others = [metric.name for metric in found.metrics[1:]]
    ties = f", ties by {', '.join(others)}" if others else ""
    without = found.examples - found.scored
    return (
        f"Ordered by {found.by.name} of each example alone{ties}. {found.perfect} of {found.examples} examples have "
        f"the {way} score that any has." + (f" {without} have no score of their own." if without else "")
    )


def confusion_sentences(found: ExplainedErrors) -> list[str]:
    """How many errors there are, and which answers are taken for one another."""
    if not found.of:
        return ["Answers of this task are no names or words, so there are no confusions to count."]
    said = [f"{found.errors} errors of {found.of}, of which the {len(found.confusions)} most frequent kinds are shown."]
    groups = "; ".join(_names(cluster) for cluster in found.clusters[:8])
    if groups:
        said.append(f"Taken for one another more often than by chance: {groups}.")
    elif found.errors:
        said.append("No answers are taken for one another more often than errors at random would be.")
    return said


def confusion_figure(found: ExplainedErrors) -> Figure:
    """A bar for each of the most frequent confusions."""
    names = [f"{label(c.right, _LONGEST_LABEL)} → {label(c.said, _LONGEST_LABEL)}" for c in found.confusions]
    counts = [c.count for c in found.confusions]
    left = 0.3 + max(map(len, names)) * 0.58 * SMALL / 72
    size = (canvas.WIDTH + 1.0, canvas.TOP + 0.24 * len(names) + canvas.BOTTOM)

    def draw() -> MplFigure:
        figure = canvas.new_figure(size)
        axes = canvas.plot_area(figure, left=left)
        scales.mark_x(axes, 0.0, max(counts) * 1.05, whole=True, number=5)
        axes.set_ylim(len(names) - 0.4, -0.6)
        bars = [[(0, n - 0.35), (count, n - 0.35), (count, n + 0.35), (0, n + 0.35)] for n, count in enumerate(counts)]
        axes.add_collection(PolyCollection(bars, facecolors=colour(0), linewidths=0, zorder=2), autolim=False)
        scales.name_y(axes, list(range(len(names))), names)
        canvas.axis_titles(axes, "times", "right answer → answer of the model")
        return figure

    words = "; ".join(f"{name} {count}" for name, count in zip(names[:8], counts, strict=False))
    caption = f"The most frequent confusions of {found.of} on the test split."
    return Figure("confusions", caption, f"Bar chart. {words}.", draw)


def _confusion_table(found: ExplainedErrors) -> Table:
    columns = [Column("answer of the model", numeric=False), Column("times"), Column("share", "of all errors")]
    table = Table("confusion-table", f"Most frequent confusions of {found.of}", "Right answer", columns)
    for each in found.confusions:
        share = each.count / found.errors
        cells = [TableCell(each.said), TableCell(str(each.count), each.count), TableCell(f"{100 * share:.1f} %", share)]
        table.rows.append(TableRow(TableCell(each.right), cells))
    return table


def _worst_table(found: ExplainedErrors) -> Table:
    texts = [name for name, get in _TEXTS if any(get(one.row) for one in found.worst)]
    columns = [*(Column(m.name, m.unit) for m in found.metrics), *(Column(name, numeric=False) for name in texts)]
    table = Table("worst", "The worst examples, the worst first", "Example", columns, prose=True)
    for one in found.worst:
        scores = [TableCell(_figure(one.scores[m.name]), one.scores[m.name]) for m in found.metrics]
        row = [TableCell(_cut(get(one.row))) for name, get in _TEXTS if name in texts]
        table.rows.append(TableRow(TableCell(one.row.example_id), [*scores, *row]))
    return table


_TEXTS = (
    ("input", lambda row: row.source),
    ("right answer", lambda row: row.reference),
    ("answer of the model", lambda row: row.output),
)


def _names(cluster: tuple[str, ...]) -> str:
    return ", ".join(cluster[:12]) + (f" and {len(cluster) - 12} more" if len(cluster) > 12 else "")


def _figure(score: float) -> str:
    return "" if math.isnan(score) else f"{score:.4g}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
