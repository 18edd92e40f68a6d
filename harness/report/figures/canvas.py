"""The frame of every figure: fixed margins, the key under it, titles of axes.

Margins are fixed in inches and texts are placed from the lengths of their words. A layout that measures every text
(matplotlib's own) draws each figure twice, which was half of the time that a report took.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report.figures.style import SMALL, TEXT, colour, dash, label, marker

WIDTH, PLOT_HEIGHT = 5.2, 2.55
"""Inches: of a whole figure, and of the axes of one."""

LEFT, RIGHT, TOP, BOTTOM = 0.62, 0.18, 0.36, 0.56
"""Inches around the axes: tick labels, half a tick label, the title of the vertical axis, that of the horizontal
one."""

_LINE, _HANDLE = 0.215, 0.52  # inches: a line of the key, and the space before its text
_LETTER = 0.58 * SMALL / 72  # inches: a letter of DejaVu Sans, on average


def new_figure(size: tuple[float, float] = (WIDTH, TOP + PLOT_HEIGHT + BOTTOM)) -> MplFigure:
    """An empty figure of (width, height) inches, without a layout engine; create it inside `style`."""
    figure = MplFigure(figsize=size)
    FigureCanvasAgg(figure)
    return figure


def plot_area(
    figure: MplFigure, *, left: float = LEFT, right: float = RIGHT, top: float = TOP, bottom: float = BOTTOM
) -> Axes:
    """Axes with these margins, in inches; `scales` adds the ticks."""
    width, height = figure.get_size_inches()
    wide, high = (width - left - right) / width, (height - top - bottom) / height
    return figure.add_axes((left / width, bottom / height, wide, high), facecolor="none")


def key_height(labels: Sequence[str], width: float = WIDTH) -> float:
    """Height in inches of `key` below a figure."""
    return -(-len(labels) // _key_columns(labels, width)) * _LINE + 0.06 if labels else 0.0


def key(figure: MplFigure, entries: Sequence[tuple[str, int]], *, lines: bool = True) -> None:
    """The key of colours, dashes and markers at the lower edge: (label, number) in rows.

    Args:
        figure: with `key_height` inches free at the bottom.
        entries: labels with their colour number.
        lines: whether the series are lines; otherwise only markers are shown.
    """
    width, height = figure.get_size_inches()
    columns = _key_columns([text for text, _ in entries], width)
    rows = -(-len(entries) // columns)
    step = (width - 0.1) / columns
    for place, (text, number) in enumerate(entries):
        row, column = divmod(place, columns)
        x, y = 0.1 + column * step, 0.06 + (rows - row - 0.5) * _LINE
        shown = [x, x + _HANDLE / 2 - 0.05, x + _HANDLE - 0.1] if lines else [x + _HANDLE / 2 - 0.05]
        figure.add_artist(
            Line2D(
                [v / width for v in shown],
                [y / height] * len(shown),
                color=colour(number),
                linestyle=dash(number) if lines else "none",
                linewidth=1.7,
                marker=marker(number),
                markersize=3.8 if lines else 6,
                markevery=[len(shown) // 2],
            )
        )
        room = int((step - _HANDLE) / _LETTER)
        figure.text((x + _HANDLE) / width, y / height, label(text, max(room, 8)), va="center_baseline", size=SMALL)


def _key_columns(labels: Sequence[str], width: float) -> int:
    longest = max((len(label(text)) for text in labels), default=1)
    return max(1, min(int((width - 0.1) / (_HANDLE + _LETTER * longest + 0.1)), len(labels), 4))


def axis_titles(axes: Axes, x: str, y: str, *, above_x: float = 0.42) -> None:
    """Axis titles; that of the vertical axis is written horizontally above it.

    Args:
        axes: from `plot_area`.
        x, y: the titles; truncated if too long.
        above_x: inches from the axes down to the baseline of x.
    """
    figure = cast(MplFigure, axes.figure)  # never a nested figure
    width, height = figure.get_size_inches()
    box = axes.get_position()
    figure.text(0.08 / width, box.y1 + 0.14 / height, label(y, 64), size=TEXT)
    if x:
        figure.text((box.x0 + box.x1) / 2, box.y0 - above_x / height, label(x, 64), size=TEXT, ha="center")
