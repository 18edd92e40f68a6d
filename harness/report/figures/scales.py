"""Limits, ticks and tick labels of axes, from finite numbers only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Transform

from harness.report import formatting
from harness.report.figures.style import RULE, SMALL

_LARGEST = 1e150  # beyond it, differences and margins overflow
_WIDE = 15.0  # ratio; values with a wider range use a logarithmic axis
_TIMES = ((7200.0, 3600.0, "hours"), (600.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
_GAP = 0.07  # inches between the axes and tick labels
_MINUS = "\u2212"


def finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The finite values, as an array (n,)."""
    array = np.asarray(values, dtype=float).ravel()
    return array[np.isfinite(array) & (np.abs(array) < _LARGEST)]


def time_unit(seconds: Sequence[float] | np.ndarray) -> tuple[float, str]:
    """The divisor and unit of a time axis, from the longest time."""
    longest = float(np.max(finite(seconds), initial=0.0))
    return next((divisor, name) for least, divisor, name in _TIMES if longest >= least)


def spreads(values: Sequence[float] | np.ndarray) -> bool:
    """Whether to use a logarithmic axis: all values above zero, and the largest at least 15 times the smallest."""
    known = finite(values)
    return bool(known.size and known.min() > 0 and known.max() >= _WIDE * known.min())


def limits(values: Sequence[float] | np.ndarray, *, margin: float = 0.06, log: bool = False) -> tuple[float, float]:
    """First and last value of an axis: those of the data, with a margin on either side."""
    known = finite(values)
    if not known.size:
        return (1.0, 10.0) if log else (0.0, 1.0)
    if log:
        known = known[known > 1 / _LARGEST]
    low, high = float(known.min()), float(known.max())
    if log:
        room = max((high / low) ** margin, 1.05)
        return low / room, high * room
    room = margin * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def mark_x(axes: Axes, low: float, high: float, *, log: bool = False, whole: bool = False, number: int = 6) -> None:
    """Limits, ticks and grid of the horizontal axis."""
    if log:
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    places = log_marks(low, high) if log else marks(low, high, number, whole=whole)
    name_x(axes, places, texts(places, each=log), log=log)


def mark_y(axes: Axes, low: float, high: float, *, number: int = 6) -> None:
    """Limits, ticks and grid of the vertical axis."""
    axes.set_ylim(low, high)
    places = marks(low, high, number)
    name_y(axes, places, texts(places))


def name_x(axes: Axes, places: Sequence[float], names: Sequence[str], *, log: bool = False) -> None:
    """A grid line and a label below the axes at each position; set the limits first.

    Drawn here rather than by matplotlib's axis, which creates eight artists per tick and measures every label three
    times: that took a third of the time of a figure.
    """
    axes.xaxis.set_visible(False)
    across = axes.get_xaxis_transform()
    _grid(axes, [[(place, 0.0), (place, 1.0)] for place in places], across)
    box, ends = axes.get_position(), axes.get_xlim()
    figure = cast(Figure, axes.figure)
    below = box.y0 - _GAP / figure.get_size_inches()[1]
    for place, name in zip(places, names, strict=True):
        figure.text(box.x0 + share(place, ends, log=log) * box.width, below, name, ha="center", va="top", size=SMALL)


def name_y(axes: Axes, places: Sequence[float], names: Sequence[str]) -> None:
    """A grid line and a label left of the axes at each position; set the limits first."""
    axes.yaxis.set_visible(False)
    _grid(axes, [[(0.0, place), (1.0, place)] for place in places], axes.get_yaxis_transform())
    box, ends = axes.get_position(), axes.get_ylim()
    figure = cast(Figure, axes.figure)
    left = box.x0 - _GAP / figure.get_size_inches()[0]
    for place, name in zip(places, names, strict=True):
        y = box.y0 + share(place, ends) * box.height
        figure.text(left, y, name, ha="right", va="center_baseline", size=SMALL)


def _grid(axes: Axes, lines: Sequence[Sequence[tuple[float, float]]], transform: Transform) -> None:
    grid = LineCollection(lines, colors=RULE, linewidths=0.7, zorder=0.9, transform=transform)
    axes.add_collection(grid, autolim=False)


def share(value: float, ends: tuple[float, float], *, log: bool = False) -> float:
    """Relative position of a value on an axis: 0 at its start, 1 at its end; values beyond are clipped."""
    scale: Callable[[float], float] = math.log10 if log else float
    value = min(max(value, min(ends)), max(ends))
    return (scale(value) - scale(ends[0])) / (scale(ends[1]) - scale(ends[0]))


def marks(low: float, high: float, number: int = 6, *, whole: bool = False) -> list[float]:
    """Round values between two."""
    places = MaxNLocator(number, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [0.0 if v == 0 else float(v) for v in places if low <= v <= high]


def log_marks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two values above zero; only powers if there would be more than eight."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leading in ((1, 2, 5), (1, 3), (1,)):
        places = [factor * 10.0**power for power in powers for factor in leading]
        places = [v for v in places if low <= v <= high]
        if len(places) <= 7:
            return places or [low, high]
    return places[:: math.ceil(len(places) / 7)]


def texts(places: Sequence[float], *, each: bool = False) -> list[str]:
    """Tick labels: as many digits as needed to distinguish neighbours, thousands as k, M, G and T.

    Args:
        places: increasing.
        each: format every label separately (a logarithmic axis); else all with the same number of digits.
    """
    largest = max((abs(v) for v in places), default=0.0)
    smallest = min((abs(v) for v in places if v), default=1.0)
    if largest >= 1e15 or largest < 1e-3 or (each and smallest < 1e-3):
        return [f"{v:.3g}".replace("-", _MINUS) for v in places]
    if each:
        return [formatting.count(v, trim=True) for v in places]
    scale, letter = next((s for s in formatting.SI if largest >= s[0] and largest >= 10_000), (1.0, ""))
    step = min((b - a for a, b in itertools.pairwise(places)), default=largest or 1.0) / scale
    digits = next((d for d in range(4) if abs(step * 10**d - round(step * 10**d)) < 1e-6 * max(step * 10**d, 1.0)), 4)
    suffix = f" {letter}" if letter else ""
    return ["0" if suffix and not v else formatting.fixed(v / scale, digits) + suffix for v in places]
