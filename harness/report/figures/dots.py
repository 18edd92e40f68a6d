"""Dot plot: one row per model with a dot per seed, its mean and interval; baselines are vertical lines.

Seeds without a value are crosses at the right edge. Where a value is far from all others, the axis is broken
(`pieces`); nothing is left out.
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report import formatting
from harness.report.figures import scales
from harness.report.figures.canvas import BOTTOM, RIGHT, WIDTH, axis_titles, new_figure, plot_area
from harness.report.figures.drawing import Figure
from harness.report.figures.pieces import PieceAxis, in_pieces
from harness.report.figures.scatter import Level
from harness.report.figures.style import INK, RULE, SMALL, SOFT, colour, label, marker

_LETTER, _LINE = 0.58 * SMALL / 72, 0.2  # inches: a letter's width, a line of text
_ROW, _MORE = 0.34, 0.1  # inches of height for a row, and more for each further line of a name
_LONGEST = 22  # letters in a line of a row's name
_CROSSES = 3  # drawn per row; the text gives the number
_UP, _DOWN = -0.17, 0.19  # of a row: the dots' line, and that of mean and interval


@dataclass(frozen=True)
class DotRow:
    """A model.

    Attributes:
        text: its label; number: of its colour.
        values: one a seed, finite.
        mean: marked; NaN for none. half_width: of the interval around it; None for none.
        lost: what became of the seeds without a value, one word each: "diverged", "failed".
        not_run: seeds that have not been run; they get no cross.
    """

    text: str
    number: int
    values: tuple[float, ...]
    mean: float = math.nan
    half_width: float | None = None
    lost: tuple[str, ...] = ()
    not_run: int = 0

    @property
    def lost_words(self) -> str:
        """How many of what: "2 diverged, 1 not run"."""
        words = [f"{n} {what}" for what, n in Counter(self.lost).items()]
        return ", ".join([*words, *([f"{self.not_run} not run"] if self.not_run else [])])

    @property
    def interval(self) -> tuple[float, float] | None:
        """From and to; None without."""
        if self.half_width is None or not (math.isfinite(self.half_width) and math.isfinite(self.mean)):
            return None
        return self.mean - self.half_width, self.mean + self.half_width


def dot_plot(
    name: str, rows: Sequence[DotRow], levels: Sequence[Level], *, title: str, caption: str, alt: str
) -> Figure:
    """Rows of dots, the first on top.

    Args:
        name: of the figure's files.
        rows: the models, best first.
        levels: baselines, as vertical lines with their names above.
        title: of the axis.
        caption, alt: the text; a broken or logarithmic axis is added to the caption.
    """
    levels = [level for level in levels if scales.finite([level.y]).size]
    values = [(row.text, v) for row in rows for v in row.values] + [(level.text, level.y) for level in levels]
    axis = in_pieces(values, [end for row in rows for end in row.interval or ()])
    if axis.breaks:
        caption += " The axis is broken: beyond the grey strip it continues at another place."
    if axis.log:
        caption += " The axis is logarithmic."
    names = [_in_lines(row.text) for row in rows]
    widest = max((len(line) for text in names for line in text.split("\n")), default=1)
    left = 0.25 + _LETTER * min(widest, _LONGEST)
    right = RIGHT + _strip(rows)
    top = 0.14 + _LINE * len(levels)
    lines = max((text.count("\n") for text in names), default=0)
    height = (_ROW + _MORE * lines) * max(len(rows), 1)
    digits = formatting.decimals([v for _, v in values])

    def draw() -> MplFigure:
        figure = new_figure((WIDTH, top + height + BOTTOM))
        axes = plot_area(figure, left=left, right=right, top=top)
        axes.set(xlim=(0.0, 1.0), ylim=(len(rows) - 0.5, -0.5))
        marks = axis.marks()
        scales.name_x(axes, [place for place, _ in marks], [text for _, text in marks])
        scales.name_y(axes, range(len(rows)), names)
        for place, row in enumerate(rows):
            _draw_row(axes, axis, row, place)
            _draw_lost(axes, row, place, (WIDTH - left - right))
        _draw_levels(axes, axis, [(level, formatting.fixed(level.y, digits)) for level in levels], height)
        _draw_breaks(axes, axis)
        axis_titles(axes, title, "")
        return figure

    return Figure(name, caption, alt, draw)


def _in_lines(text: str) -> str:
    """A label in at most three lines."""
    lines = textwrap.wrap(label(text, 3 * _LONGEST), _LONGEST, max_lines=3, placeholder="…")
    return "\n".join(lines)


def _draw_row(axes: Axes, axis: PieceAxis, row: DotRow, place: int) -> None:
    """Dots above the middle of the row, mean and interval below it."""
    shade = colour(row.number)
    if row.interval:
        ends = [axis.at(end) for end in row.interval]
        low, high = axis.pieces[0].low, axis.pieces[-1].high
        down = place + _DOWN
        axes.add_line(Line2D(ends, [down] * 2, color=shade, linewidth=2.2, zorder=2, solid_capstyle="butt"))
        for end, value, sign, beyond in (
            (ends[0], row.interval[0], "<", row.interval[0] < low),
            (ends[1], row.interval[1], ">", row.interval[1] > high),
        ):
            if beyond and math.isfinite(value):
                axes.add_line(Line2D([end], [down], color=shade, marker=sign, markersize=5, clip_on=False, zorder=2.1))
    if scales.finite([row.mean]).size:
        axes.add_line(
            Line2D([axis.at(row.mean)], [place + _DOWN], color=shade, marker="|", markersize=9, markeredgewidth=2.2)
        )
    places = sorted(axis.at(v) for v in row.values)
    heights = [place + _UP - 0.11 * (k % 3) for k in _crowding(places)]
    dots = Line2D(places, heights, linestyle="none", marker=marker(row.number), markersize=5, color=shade, zorder=3)
    dots.set(alpha=0.75, markeredgewidth=0, clip_on=False)
    axes.add_line(dots)


def _crowding(places: Sequence[float], near: float = 0.022) -> list[int]:
    """For each of sorted positions, how many of those before it, without a gap, it would touch."""
    found: list[int] = []
    for i, place in enumerate(places):
        found.append(found[-1] + 1 if i and place - places[i - 1] < near else 0)
    return found


def _strip(rows: Sequence[DotRow]) -> float:
    """Inches right of the axes for crosses and what they mean; 0 if no row has any."""
    if not any(row.lost_words for row in rows):
        return 0.0
    return 0.12 + max(0.13 * min(len(row.lost), _CROSSES) + _LETTER * len(row.lost_words) for row in rows) + 0.05


def _draw_lost(axes: Axes, row: DotRow, place: int, width: float) -> None:
    """Crosses right of the axes, and how many seeds have no value for which reason."""
    number = min(len(row.lost), _CROSSES)
    places = [1 + (0.12 + 0.13 * i) / width for i in range(number)]
    crosses = Line2D(places, [place] * number, linestyle="none", marker="x", color=INK, markersize=5, clip_on=False)
    crosses.set_markeredgewidth(1.6)
    axes.add_line(crosses)
    if row.lost_words:
        at = 1 + (0.12 + 0.13 * number) / width
        axes.text(at, place, row.lost_words, va="center_baseline", size=SMALL, color=SOFT, clip_on=False)


def _draw_levels(axes: Axes, axis: PieceAxis, levels: Sequence[tuple[Level, str]], height: float) -> None:
    """Vertical lines up to their names: right of the line if there is room, the leftmost line highest."""
    rows = axes.get_ylim()[0] + 0.5
    width = axes.get_position().width * WIDTH
    named = []
    for level, value in levels:
        x, words = axis.at(level.y), f"{label(level.text, 30)} {value}"
        named.append((x, words, x + 0.012 + _LETTER * len(words) / width <= 1 + RIGHT / width))
    order = sorted(named, key=lambda each: (not each[2], -each[0] if each[2] else each[0]))
    for line, (x, words, fits) in enumerate(order):
        up = -0.5 - (0.1 + _LINE * line) * rows / height
        dashed = Line2D([x, x], [rows - 0.5, up - 0.02], color=SOFT, linestyle=(0, (4, 2)), linewidth=1.2)
        dashed.set_clip_on(False)
        axes.add_line(dashed)
        side, aside = ("left", 0.012) if fits else ("right", -0.012)
        axes.text(x + aside, up, words, ha=side, va="center_baseline", size=SMALL, color=SOFT, clip_on=False)


def _draw_breaks(axes: Axes, axis: PieceAxis) -> None:
    """A strip over the whole height, and two strokes across the axis."""
    for start, end in axis.breaks:
        bottom, top = axes.get_ylim()
        strip = [(start, bottom), (start, top), (end, top), (end, bottom)]
        axes.add_collection(
            PolyCollection([strip], facecolors=RULE, linewidths=0, alpha=0.6, zorder=0.8), autolim=False
        )
        up = 0.12
        strokes = [[(x - 0.008, bottom + up), (x + 0.008, bottom - up)] for x in (start, end)]
        axes.add_collection(LineCollection(strokes, colors=INK, linewidths=1.2, clip_on=False, zorder=5), autolim=False)
