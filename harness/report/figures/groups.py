"""Scores of parts of a test split: lines over ordered groups (ranges of length), rows of points over unordered ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report.figures import scales
from harness.report.figures.canvas import (
    BOTTOM,
    PLOT_HEIGHT,
    TOP,
    WIDTH,
    axis_titles,
    key,
    key_height,
    new_figure,
    plot_area,
)
from harness.report.figures.drawing import Figure
from harness.report.figures.style import SMALL, colour, dash, label, marker

_LETTER = 0.58 * SMALL / 72  # inches
_ROW = 0.26  # inches of height for a row of points
_LONGEST_ROW = 22  # letters of a row's name


@dataclass(frozen=True)
class Spread:
    """A score over seeds: mean, lowest and highest; NaN if there is none."""

    mean: float
    low: float
    high: float


def over_ranges(
    name: str,
    groups: Sequence[str],
    series: Mapping[str, Sequence[Spread]],
    colours: Mapping[str, int],
    *,
    titles: tuple[str, str],
    caption: str,
    alt: str,
) -> Figure:
    """One line per model over ordered groups, with a bar from the lowest to the highest seed at each point.

    Args:
        name: of the figure's files.
        groups: their names, in order.
        series: by label, one value per group.
        colours: colour number of each label.
        titles: of the horizontal and the vertical axis.
        caption, alt: the text.
    """
    bottom = BOTTOM + key_height(list(series))

    def draw() -> MplFigure:
        figure = new_figure((WIDTH, TOP + PLOT_HEIGHT + bottom))
        axes = plot_area(figure, bottom=bottom)
        scales.mark_y(axes, *scales.limits(_ends(series), margin=0.08))
        axes.set_xlim(-0.5, len(groups) - 0.5)
        scales.name_x(axes, range(len(groups)), [label(g, 14) for g in groups])
        for (text, values), aside in zip(series.items(), _asides(len(series), 0.5), strict=True):
            number = colours[text]
            x = [i + aside for i in range(len(groups))]
            line = Line2D(x, [v.mean for v in values], color=colour(number), linestyle=dash(number), linewidth=1.4)
            line.set(marker=marker(number), markersize=4.5)
            axes.add_line(line)
            _bars(axes, [[(at, v.low), (at, v.high)] for at, v in zip(x, values, strict=True)], values, number)
        axis_titles(axes, *titles)
        key(figure, [(text, colours[text]) for text in series])
        return figure

    return Figure(name, caption, alt, draw)


def over_rows(
    name: str,
    groups: Sequence[str],
    series: Mapping[str, Sequence[Spread]],
    colours: Mapping[str, int],
    *,
    title: str,
    caption: str,
    alt: str,
) -> Figure:
    """One row of points per group, the first on top, with a bar from the lowest to the highest seed at each point.

    Args:
        name: of the figure's files.
        groups: their names.
        series: by label, one value per group.
        colours: colour number of each label.
        title: of the horizontal axis.
        caption, alt: the text.
    """
    names = [label(g, _LONGEST_ROW) for g in groups]
    left = 0.25 + _LETTER * max((len(n) for n in names), default=1)
    row = _ROW + 0.035 * max(len(series) - 3, 0)
    below = 0.34 + key_height(list(series))

    def draw() -> MplFigure:
        figure = new_figure((WIDTH, TOP + row * len(groups) + below))
        axes = plot_area(figure, left=left, bottom=below)
        scales.mark_x(axes, *scales.limits(_ends(series), margin=0.05))
        axes.set_ylim(len(groups) - 0.5, -0.5)
        scales.name_y(axes, range(len(groups)), names)
        for (text, values), aside in zip(series.items(), _asides(len(series), 0.6), strict=True):
            number = colours[text]
            y = [i + aside for i in range(len(groups))]
            dots = Line2D([v.mean for v in values], y, color=colour(number), linestyle="none")
            dots.set(marker=marker(number), markersize=4.5)
            axes.add_line(dots)
            _bars(axes, [[(v.low, at), (v.high, at)] for at, v in zip(y, values, strict=True)], values, number)
        axis_titles(axes, "", title)
        key(figure, [(text, colours[text]) for text in series], lines=False)
        return figure

    return Figure(name, caption, alt, draw)


def _ends(series: Mapping[str, Sequence[Spread]]) -> list[float]:
    return [end for values in series.values() for v in values for end in (v.low, v.high)]


def _asides(number: int, width: float) -> list[float]:
    """Offsets of the series from the middle of their group, so that bars do not overlap."""
    return [width * ((i + 0.5) / number - 0.5) for i in range(number)]


def _bars(axes: Axes, segments: Sequence[Sequence[tuple[float, float]]], values: Sequence[Spread], number: int) -> None:
    shown = [s for s, v in zip(segments, values, strict=True) if math.isfinite(v.low) and v.low < v.high]
    if shown:
        axes.add_collection(LineCollection(shown, colors=colour(number), linewidths=1.1, zorder=1.6), autolim=False)
