"""Heat maps stacked over one axis of time, each with its range, and words for the steps under them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure

from harness.report.figures import canvas, scales
from harness.report.figures.style import SMALL, TEXT, label

WIDTH = 7.6
"""Inches of a figure over time."""
SHARES, SIGNED = "cividis", "RdBu_r"
"""Colour maps: of numbers from 0 on, and of numbers around 0."""
_LEFT, _RIGHT, _TITLE, _BAR = 0.62, 0.62, 0.3, 0.1
_SMALLEST, _LONGEST_WORD = 6.5, 12
_MOST_WORDS = 100


@dataclass(frozen=True)
class Strip:
    """One heat map.

    Attributes:
        title: above it.
        values: (rows, steps); row 0 is drawn at the bottom.
        low, high: ends of the colours.
        colours: a map of matplotlib.
        height: of the axes, in inches.
    """

    title: str
    values: np.ndarray
    low: float
    high: float
    colours: str
    height: float = 1.15


def signed(title: str, values: np.ndarray) -> Strip:
    """Numbers around zero, with ends as far from it as their 99.5 % quantile; what is beyond has the end's colour."""
    end = float(np.quantile(np.abs(values), 0.995)) if values.size else 1.0
    return Strip(title, values, -(end or 1.0), end or 1.0, SIGNED)


def stacked(strips: Sequence[Strip], words: Sequence[str] | None, rows: str = "unit") -> MplFigure:
    """Heat maps under each other, with the steps' words or numbers under the last; call it inside `style`.

    Args:
        strips: all with the same number of steps.
        words: one a step; None, or too many to be read: numbers.
        rows: what a row is; empty: not said.
    """
    steps = strips[0].values.shape[1]
    shown = legible(words, steps)
    below = words_height(shown) if shown else canvas.BOTTOM
    height = sum(strip.height + _TITLE for strip in strips) + below + 0.12
    figure, top = canvas.new_figure((WIDTH, height)), 0.06
    for number, strip in enumerate(strips):
        top += _TITLE
        bottom = height - top - strip.height
        axes = canvas.plot_area(figure, left=_LEFT, right=_RIGHT, top=top, bottom=bottom)
        heat(axes, strip)
        figure.text(_LEFT / WIDTH, 1 - (top - 0.07) / height, label(strip.title, 80), size=TEXT)
        if number == len(strips) - 1:
            name_steps(axes, shown, steps)
        top += strip.height
    axes = figure.axes[0]
    box = axes.get_position()
    if rows:
        figure.text(0.1 / WIDTH, (box.y0 + box.y1) / 2, f"{rows}s", size=SMALL, rotation=90, va="center")
    if shown is None:
        figure.text(0.5, 0.12 / height, "step", size=TEXT, ha="center")
    return figure


def heat(axes: Axes, strip: Strip) -> None:
    """One heat map with a bar of its colours on the right."""
    rows, steps = strip.values.shape
    spread: Any = {"cmap": strip.colours, "aspect": "auto", "interpolation": "nearest", "origin": "lower"}
    axes.imshow(strip.values, vmin=strip.low, vmax=strip.high, extent=(-0.5, steps - 0.5, -0.5, rows - 0.5), **spread)
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)
    figure = cast(MplFigure, axes.figure)
    width = figure.get_size_inches()[0]
    box = axes.get_position()
    if rows > 1:
        for place in scales.marks(0, rows - 1, 3, whole=True):
            y = box.y0 + (place + 0.5) / rows * box.height
            figure.text(box.x0 - 0.07 / width, y, f"{place:g}", ha="right", va="center_baseline", size=SMALL)
    bar = figure.add_axes((box.x1 + 0.08 / width, box.y0, _BAR / width, box.height))
    bar.imshow(np.linspace(0, 1, 64)[:, None], **spread)
    bar.xaxis.set_visible(False)
    bar.yaxis.set_visible(False)
    for value, y, side in ((strip.low, box.y0, "bottom"), (strip.high, box.y1, "top")):
        text = f"{value:.2g}".replace("-", "−")
        figure.text(box.x1 + (0.12 + _BAR) / width, y, text, va=side, size=SMALL)


def legible(words: Sequence[str] | None, steps: int) -> list[str] | None:
    """The words, cut, if there is one a step and room for them."""
    if words is None or len(words) != steps or steps > _MOST_WORDS:
        return None
    return [label(word, _LONGEST_WORD) for word in words]


def _size(steps: int) -> float:
    return max(_SMALLEST, min(SMALL, (WIDTH - _LEFT - _RIGHT) / steps * 72 / 1.15))


def words_height(words: Sequence[str]) -> float:
    """Inches that words under the steps need; those of more than one letter are turned."""
    longest = max(map(len, words), default=1)
    if longest == 1:
        return 0.36
    return 0.2 + longest * 0.62 * _size(len(words)) / 72


def name_steps(axes: Axes, words: Sequence[str] | None, steps: int) -> None:
    """Words, or numbers, under the steps of a heat map."""
    figure = cast(MplFigure, axes.figure)
    box, height = axes.get_position(), figure.get_size_inches()[1]
    below = box.y0 - 0.06 / height
    if words is None:
        places = scales.marks(0, max(1, steps - 1), 8, whole=True)
        named = [(place, f"{place:g}", 0.0, SMALL) for place in places]
    else:
        named = [(p, word, 0.0 if len(word) == 1 else 90.0, _size(steps)) for p, word in enumerate(words)]
    for place, word, turned, size in named:
        x = box.x0 + (place + 0.5) / steps * box.width
        figure.text(x, below, word, ha="center", va="top", size=size, rotation=turned)


def columns_for(number: int) -> tuple[int, int]:
    """Rows and columns of a grid of so many small maps, at most four a row."""
    columns = min(4, number)
    return math.ceil(number / columns), columns
