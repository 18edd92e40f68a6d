"""Scores over the steps of a forecast, or over lengths: a line per model, a band from its lowest to highest seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.groups import Spread
from harness.report.figures.style import RULE, colour, dash, marker


def over_steps(
    name: str,
    steps: Sequence[float],
    series: Mapping[str, Sequence[Spread]],
    numbers: Mapping[str, int],
    *,
    titles: tuple[str, str],
    caption: str,
    alt: str,
    shaded: tuple[float, float] | None = None,
) -> Figure:
    """Lines over steps; non-finite values leave gaps.

    Args:
        name: of the figure's files.
        steps: positions on the horizontal axis, increasing.
        series: by label, one value per step.
        numbers: colour number of each label; below zero for baselines.
        titles: of the horizontal and the vertical axis.
        caption, alt: the text.
        shaded: a stretch of the horizontal axis that is set off by its background.
    """
    bottom = canvas.BOTTOM + canvas.key_height(list(series))

    def draw() -> MplFigure:
        figure = canvas.new_figure((canvas.WIDTH, canvas.TOP + canvas.PLOT_HEIGHT + bottom))
        axes = canvas.plot_area(figure, bottom=bottom)
        scales.mark_x(axes, *scales.limits(steps, margin=0.03), whole=True)
        if shaded:
            axes.axvspan(*shaded, color=RULE, alpha=0.5, linewidth=0, zorder=0.5)
        ends = [end for values in series.values() for v in values for end in (v.low, v.high)]
        scales.mark_y(axes, *scales.limits(ends, margin=0.08))
        for text, values in series.items():
            number = numbers[text]
            drawable = [(x, v) for x, v in zip(steps, values, strict=True) if scales.finite([v.low, v.high]).size == 2]
            outline = [*((x, v.low) for x, v in drawable), *((x, v.high) for x, v in reversed(drawable))]
            if any(v.low < v.high for _, v in drawable):
                band = PolyCollection([outline], facecolors=colour(number), alpha=0.16, linewidths=0, zorder=1.5)
                axes.add_collection(band, autolim=False)
            line = Line2D(steps, [v.mean for v in values], color=colour(number), linestyle=dash(number), linewidth=1.6)
            line.set(marker=marker(number), markersize=3.8, markevery=max(1, len(steps) // 12))
            axes.add_line(line)
        canvas.axis_titles(axes, *titles)
        canvas.key(figure, [(text, numbers[text]) for text in series])
        return figure

    return Figure(name, caption, alt, draw)
