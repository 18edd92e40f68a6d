"""The page of probes: a table, and a figure of accuracies against what they are held against."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.explain.page import ExplainedPart, Page
from harness.explain.probes import ExplainedProbes, Probe
from harness.explain.run_facts import in_figures
from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import RULE, SMALL, colour, label, marker
from harness.report.tables import Column, Table, TableCell, TableRow

_KINDS = (("probe", "accuracy"), ("control task", "control"), ("untrained network", "untrained"),
          ("last symbol alone", "symbol"))  # fmt: skip


def probe_page(found: ExplainedProbes) -> Page:
    """The page."""
    text = [
        f"Linear probes, trained on {found.trained_on} places of the validation split and tested on {found.tested_on} "
        "of the test split. Accuracy is the mean over classes of the share that is right. Selectivity is the accuracy "
        "less that on control tasks, in which every symbol has a label at random.",
        *found.left_out,
    ]
    section = ExplainedPart("Probes", text, [probe_figure(found.probes)], [_table(found.probes)])
    return Page(f"What {found.run.model} keeps track of", found.run.key, found.run.pairs(), [section])


def probe_figure(probes: Sequence[Probe]) -> Figure:
    """A row for each state and property, with a mark for each accuracy and a line at chance."""
    names = [f"{label(p.of, 32)}, {label(p.state.replace('_', ' ').replace('.', ', '), 24)}" for p in probes]
    kinds = [kind for kind, _ in _KINDS]
    left, width = 0.3 + max(map(len, names)) * 0.56 * SMALL / 72, canvas.WIDTH + 2.2
    bottom = canvas.BOTTOM + canvas.key_height(kinds, width)

    def draw() -> MplFigure:
        figure = canvas.new_figure((width, canvas.TOP + 0.3 * len(names) + bottom))
        axes = canvas.plot_area(figure, left=left, bottom=bottom)
        axes.set_xlim(0.0, 1.02)
        axes.set_ylim(len(names) - 0.5, -0.5)
        places = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        scales.name_x(axes, places, [f"{100 * place:g} %" for place in places])
        scales.name_y(axes, list(range(len(names))), names)
        for row, probe in enumerate(probes):
            chance = 1 / probe.classes
            axes.add_line(Line2D([chance, chance], [row - 0.4, row + 0.4], color=RULE, linewidth=2.5))
            for number, (_, name) in enumerate(_KINDS):
                point = Line2D([getattr(probe, name)], [row], linestyle="none", marker=marker(number), markersize=6)
                point.set(color=colour(number), markeredgewidth=0, alpha=0.9)
                axes.add_line(point)
        canvas.axis_titles(axes, "balanced accuracy (grey line: chance)", "property, state")
        canvas.key(figure, list(zip(kinds, range(len(kinds)), strict=True)), lines=False)
        return figure

    words = "; ".join(
        f"{name}: {p.accuracy:.2f}, selectivity {in_figures(p.selectivity)}"
        for name, p in zip(names, probes, strict=True)
    )
    caption = "Balanced accuracy of linear probes, and what it is held against."
    return Figure("probes", caption, f"Dot chart. {words}.", draw)


def _table(probes: Sequence[Probe]) -> Table:
    columns = [Column("state", numeric=False), Column("accuracy", "of the probe"), Column("chance"),
               Column("last symbol", "alone"), Column("untrained", "network"), Column("control", "task"),
               Column("selectivity")]  # fmt: skip
    table = Table("probe-table", "Balanced accuracy of linear probes", "Property", columns)
    for p in probes:
        values = (p.accuracy, 1 / p.classes, p.symbol, p.untrained, p.control, p.selectivity)
        cells = [TableCell(p.state), *(TableCell(in_figures(value), value) for value in values)]
        table.rows.append(TableRow(TableCell(p.of), cells))
    return table
