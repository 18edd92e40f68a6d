"""Quality against a cost: one point per model, bars for its intervals, and the line of models not beaten in both.

Items with a quality but no cost (baselines) are horizontal lines with their names.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report.figures import scales
from harness.report.figures.canvas import (
    BOTTOM,
    LEFT,
    PLOT_HEIGHT,
    RIGHT,
    TOP,
    WIDTH,
    axis_titles,
    key,
    key_height,
    new_figure,
    plot_area,
)
from harness.report.figures.drawing import Figure
from harness.report.figures.labels import LONGEST_LEVEL, Box, name_levels, place_labels
from harness.report.figures.style import INK, SMALL, SOFT, colour, label, marker

Segment = tuple[tuple[float, float], tuple[float, float]]
"""A horizontal or vertical line from (x, y) to (x, y)."""


_FAR = 3.0  # multiple of the points' range: a level beyond would compress the points


@dataclass(frozen=True)
class Level:
    """A quality without a cost: its label and height."""

    text: str
    y: float


@dataclass(frozen=True)
class Point:
    """A model in the plane.

    Attributes:
        text: its label; number: of its colour.
        x, y: its place; x_half, y_half: half widths of the intervals around it, None or NaN for none.
        hollow: whether it is shown as less certain.
    """

    text: str
    number: int
    x: float
    y: float
    x_half: float | None = None
    y_half: float | None = None
    hollow: bool = False


def pareto_front(points: Sequence[Point], *, higher_is_better: bool) -> list[Point]:
    """The points for which no other is at least as good on both axes and better on one, cheapest first; smaller x is
    better.

    Non-finite points are ignored. Of two equal points both are on the front.
    """
    known = [p for p in points if math.isfinite(p.x) and math.isfinite(p.y)]
    sign = -1.0 if higher_is_better else 1.0
    front: list[Point] = []
    best = math.inf
    for point in sorted(known, key=lambda p: (p.x, sign * p.y)):
        twin = bool(front) and (front[-1].x, front[-1].y) == (point.x, point.y)
        if sign * point.y < best or twin:
            front.append(point)
            best = sign * point.y
    return front


def near(points: Sequence[Point], levels: Sequence[Level]) -> list[Level]:
    """The levels that can be drawn without compressing the points."""
    shown = _shown(points)
    low, high = _limits([p.y for p in shown], [p.y_half for p in shown], 0.08)
    room = _FAR * (high - low)
    return [level for level in levels if math.isfinite(level.y) and low - room <= level.y <= high + room]


def scatter(
    name: str,
    points: Sequence[Point],
    front: Sequence[Point],
    levels: Sequence[Level] = (),
    *,
    titles: tuple[str, str],
    caption: str,
    alt: str,
) -> Figure:
    """Points with their names, and the front as a staircase: points behind it are beaten.

    The horizontal axis is logarithmic if the values have a wide range. Names are next to their points if all of them
    fit, else in a key below the figure.

    Args:
        name: of the figure's files.
        points: with finite x and y; others are left out.
        front: of the points, cheapest first; empty for no line.
        levels: drawn as horizontal lines, if they are `near`.
        titles: of the horizontal and the vertical axis.
        caption, alt: the text.
    """
    shown = _shown(points)
    log = scales.spreads([p.x for p in shown])
    x_limits = scales.limits([p.x for p in shown], margin=0.12, log=log)
    if not log:
        left, right = _limits([p.x for p in shown], [p.x_half for p in shown], 0.12)
        x_limits = (max(left, 0.0) if all(p.x >= 0 for p in shown) else left, right)  # costs are not negative
    heights = [level.y for level in levels]
    y_limits = _limits([*(p.y for p in shown), *heights], [*(p.y_half for p in shown), *(None for _ in levels)], 0.08)
    inches = (WIDTH - LEFT - RIGHT, PLOT_HEIGHT)
    stairs = _stairs(front, x_limits[1])
    bars = _bars(shown, x_limits[0])

    def inch(x: float, y: float) -> tuple[float, float]:
        return scales.share(x, x_limits, log=log) * inches[0], scales.share(y, y_limits) * inches[1]

    lines: list[Box] = [
        (*inch(min(a[0], b[0]), min(a[1], b[1])), *inch(max(a[0], b[0]), max(a[1], b[1])))
        for a, b in [*itertools.pairwise(stairs), *(bar for bar, _ in bars)]
    ]
    dots = [inch(p.x, p.y) for p in shown]
    up = [scales.share(height, y_limits) * inches[1] for height in heights]
    names = name_levels(up, [level.text for level in levels], dots, inches)
    lines += [*((0.0, height, inches[0], height) for height in up), *names]
    places = place_labels(dots, [p.text for p in shown], inches, lines)
    below = BOTTOM if places else BOTTOM + key_height([p.text for p in shown])

    def draw() -> MplFigure:
        figure = new_figure((WIDTH, TOP + PLOT_HEIGHT + below))
        axes = plot_area(figure, bottom=below)
        scales.mark_x(axes, *x_limits, log=log)
        scales.mark_y(axes, *y_limits)
        if stairs:
            x, y = zip(*stairs, strict=True)
            axes.add_line(Line2D(x, y, color=SOFT, linestyle=(0, (4, 2)), linewidth=1.1, zorder=1.4))
        shades = [colour(number) for _, number in bars] or INK
        intervals = LineCollection([bar for bar, _ in bars], colors=shades, linewidths=1.2, zorder=1.6)
        axes.add_collection(intervals, autolim=False)
        for point in shown:
            dot = Line2D([point.x], [point.y], linestyle="none", marker=marker(point.number), markersize=7)
            shade = colour(point.number)
            dot.set(markeredgecolor=shade, markerfacecolor="white" if point.hollow else shade, markeredgewidth=1.6)
            axes.add_line(dot)
        for level in levels:
            axes.add_line(
                Line2D(x_limits, [level.y] * 2, color=SOFT, linestyle=(0, (1, 1.6)), linewidth=1.2, zorder=1.3)
            )
        box = axes.get_position()
        for level, (left, low, _, high) in zip(levels, names, strict=True):
            at = (box.x0 + left / inches[0] * box.width, box.y0 + (low + high) / 2 / inches[1] * box.height)
            figure.text(*at, label(level.text, LONGEST_LEVEL), va="center_baseline", size=SMALL, color=SOFT)
        for point, (across, up) in zip(shown, places or [], strict=bool(places)):
            at = (box.x0 + across / inches[0] * box.width, box.y0 + up / inches[1] * box.height)
            figure.text(*at, label(point.text), va="center_baseline", size=SMALL)
        axis_titles(axes, *titles)
        if not places:
            key(figure, [(p.text, p.number) for p in shown], lines=False)
        return figure

    return Figure(name, caption, alt, draw)


def _shown(points: Sequence[Point]) -> list[Point]:
    return [p for p in points if scales.finite([p.x, p.y]).size == 2]


def _limits(values: Sequence[float], halves: Sequence[float | None], margin: float) -> tuple[float, float]:
    """Limits that contain the points, and as much of their bars as possible without compressing the points."""
    known = scales.finite(values)
    if not known.size:
        return scales.limits(known)
    bars = [(v, h) for v, h in zip(values, halves, strict=True) if h is not None and math.isfinite(h)]
    low, high = float(known.min()), float(known.max())
    room = max(high - low, 0.02 * max(abs(low), abs(high)), min((h for _, h in bars), default=0.0))
    ends = [end for v, h in bars for end in (max(v - h, low - room), min(v + h, high + room))]
    return scales.limits([*known, *ends], margin=margin)


def _stairs(front: Sequence[Point], right: float) -> list[tuple[float, float]]:
    """Corners of the line along the front, from the cheapest to the right edge; empty for a single point."""
    if len(front) < 2:
        return []
    corners = [(front[0].x, front[0].y)]
    for point in front[1:]:
        corners += [(point.x, corners[-1][1]), (point.x, point.y)]
    return [*corners, (right, front[-1].y)]


def _bars(points: Sequence[Point], left: float) -> list[tuple[Segment, int]]:
    """Intervals as lines, each with its colour number; parts left of the axis are cut."""
    found: list[tuple[Segment, int]] = []
    for p in points:
        if p.y_half is not None and math.isfinite(p.y_half):
            found.append((((p.x, p.y - p.y_half), (p.x, p.y + p.y_half)), p.number))
        if p.x_half is not None and math.isfinite(p.x_half):
            found.append((((max(p.x - p.x_half, left), p.y), (p.x + p.x_half, p.y)), p.number))
    return found
