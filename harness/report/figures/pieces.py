"""A horizontal axis in pieces: where a value is far from all others, it breaks instead of compressing the rest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.report.figures import scales

FAR = 6.0
"""The axis breaks at a gap that is more than this many times as wide as the range of most of the values."""

GAP = 0.035
"""Width of a break, as a share of the axis."""

_MOST_BREAKS = 2
_DECADES = 1e-12  # a logarithmic axis over more would show nothing
_SEEN = 1e-9  # share of a gap; values closer to each other are equal up to rounding, so a break would show nothing
_SMALL = 0.15  # share of the axis of a piece beyond a break
_SIDE = 0.4  # share of a gap up to which an interval is drawn

Value = tuple[str, float]
"""Whose value it is, and the value, which is finite."""


@dataclass(frozen=True)
class AxisPiece:
    """The values from `low` to `high`, drawn from `start` to `end` (0 to 1); `main`: whether it has most of them."""

    low: float
    high: float
    start: float
    end: float
    main: bool = True


@dataclass(frozen=True)
class PieceAxis:
    """An axis of one or more pieces, increasing; a logarithmic one has a single piece."""

    pieces: tuple[AxisPiece, ...]
    log: bool = False

    def at(self, value: float) -> float:
        """The position of a value, 0 to 1; a value within a break or beyond the ends is moved to the nearest piece."""
        piece = min(self.pieces, key=lambda p: max(p.low - value, value - p.high, 0.0))
        return piece.start + scales.share(value, (piece.low, piece.high), log=self.log) * (piece.end - piece.start)

    @property
    def breaks(self) -> list[tuple[float, float]]:
        """Start and end of each break."""
        return [(one.end, two.start) for one, two in itertools.pairwise(self.pieces)]

    def marks(self) -> list[tuple[float, str]]:
        """Position and text of each tick: several in the main piece, one in each other."""
        found = []
        for p in self.pieces:
            places = scales.log_marks(p.low, p.high) if self.log else scales.marks(p.low, p.high, 5 if p.main else 2)
            if not p.main:
                middle = (p.low + p.high) / 2
                nearest = int(np.argmin(np.abs(np.array(places) - middle))) if places else 0
                places = places[nearest : nearest + 1] or [middle]
            found += [(self.at(v), t) for v, t in zip(places, scales.texts(places, each=self.log), strict=True)]
        return found


def in_pieces(values: Sequence[Value], ends: Sequence[float] = ()) -> PieceAxis:
    """The axis for these values, with a break where one lies far from most others.

    Logarithmic where values are above zero and even the main piece would span more than an order of magnitude.

    Args:
        values: all are inside a piece.
        ends: of intervals; drawn as far as they do not compress the values.
    """
    known = sorted(((who, v) for who, v in values if scales.finite([v]).size), key=lambda pair: pair[1])
    groups, main = _groups(known)
    numbers = [v for _, v in known]
    wide = len(groups) > 1 and scales.spreads(numbers) and scales.spreads([v for _, v in groups[main]])
    if wide and numbers[0] > _DECADES * numbers[-1]:
        return PieceAxis((AxisPiece(*scales.limits(numbers, log=True), 0.0, 1.0),), log=True)
    ranges = [([v for _, v in group]) for group in groups]
    width = 1.0 - (len(groups) - 1) * (_SMALL + GAP)
    limits = _main_limits(ranges, main, ends)
    per_share = (limits[1] - limits[0]) / width
    pieces, start = [], 0.0
    for i, group in enumerate(ranges):
        share = width if i == main else _SMALL
        low, high = limits if i == main else _small_limits(group, per_share * _SMALL)
        pieces.append(AxisPiece(low, high, start, start + share, i == main))
        start += share + GAP
    return PieceAxis(tuple(pieces))


def _groups(values: list[Value]) -> tuple[list[list[Value]], int]:
    """Sorted values cut at no gap, at the widest or at the two widest; and which group is the main one.

    The main group has most contenders, at least half of them, and differences that can be seen. Every cut is more than
    `FAR` times as wide as it.
    """
    gaps = [b - a for (_, a), (_, b) in itertools.pairwise(values)]
    widest = sorted(range(len(gaps)), key=lambda i: -gaps[i])
    found = [values], 0
    for number in range(1, min(_MOST_BREAKS, len(gaps)) + 1):
        cuts = [0, *(i + 1 for i in sorted(widest[:number])), len(values)]
        groups = [values[a:b] for a, b in itertools.pairwise(cuts)]
        main = max(range(len(groups)), key=lambda i: _weight(groups[i]))
        spread = groups[main][-1][1] - groups[main][0][1]
        contenders = _weight(groups[main])[0]
        narrow = _SEEN * gaps[widest[0]] < spread and FAR * spread < gaps[widest[number - 1]]
        if contenders > 1 and 2 * contenders >= _weight(values)[0] and narrow:
            found = groups, main
    return found


def _weight(values: list[Value]) -> tuple[int, int]:
    return len({who for who, _ in values}), len(values)


def _main_limits(ranges: Sequence[Sequence[float]], main: int, ends: Sequence[float]) -> tuple[float, float]:
    """Limits of the main piece: its values and, as far as there is room, the ends of intervals."""
    if not ranges[main]:
        return scales.limits([])
    low, high = min(ranges[main]), max(ranges[main])
    room = high - low or 0.02 * max(abs(low), abs(high)) or 1.0
    least, most = low - room, high + room
    if main:
        least = max(least, low - _SIDE * (low - max(ranges[main - 1])))
    if main + 1 < len(ranges):
        most = min(most, high + _SIDE * (min(ranges[main + 1]) - high))
    drawn = [min(max(end, least), most) for end in ends if math.isfinite(end)]
    return scales.limits([low, high, *drawn], margin=0.05)


def _small_limits(values: Sequence[float], room: float) -> tuple[float, float]:
    """Limits of another piece: on the main one's scale if its values fit, else around them."""
    low, high = min(values), max(values)
    if high - low < 0.7 * room:
        return (low + high - room) / 2, (low + high + room) / 2
    return scales.limits(values, margin=0.15)
