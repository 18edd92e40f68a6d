"""Shares against shares, both 0 to 100 %, with the diagonal on which they are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import SOFT, colour, dash, marker


def along_diagonal(
    name: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    numbers: Mapping[str, int],
    *,
    titles: tuple[str, str],
    caption: str,
    alt: str,
) -> Figure:
    """Points joined by lines, and the diagonal.

    Args:
        name: of the figure's files.
        series: by label, points (x, y) in per cent, x increasing.
        numbers: colour number of each label; below zero for baselines.
        titles: of the horizontal and the vertical axis.
        caption, alt: the text.
    """
    bottom = canvas.BOTTOM + canvas.key_height(list(series))

    def draw() -> MplFigure:
        figure = canvas.new_figure((canvas.WIDTH, canvas.TOP + canvas.PLOT_HEIGHT + bottom))
        axes = canvas.plot_area(figure, bottom=bottom)
        shown = [x for points in series.values() for x, _ in points]
        scales.mark_x(axes, max(0.0, min(shown, default=0.0) - 5.0), 100.0)
        scales.mark_y(axes, 0.0, 100.0)
        axes.add_line(Line2D([0.0, 100.0], [0.0, 100.0], color=SOFT, linewidth=0.9, zorder=1.2))
        for text, points in series.items():
            number = numbers[text]
            line = Line2D(*zip(*points, strict=True), color=colour(number)) if points else None
            if line is not None:
                line.set(linestyle=dash(number), linewidth=1.6, marker=marker(number), markersize=3.8)
                axes.add_line(line)
        canvas.axis_titles(axes, *titles)
        canvas.key(figure, [(text, numbers[text]) for text in series])
        return figure

    return Figure(name, caption, alt, draw)
