"""Where to cut a padded batch in time, so that rows that have ended can be dropped.

Dense input costs B x T steps whatever the lengths are; every cut costs a kernel call. Axes: B batch, T time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

WORTH = 0.15
"""Cuts must save this share of the dense batch's steps, or the batch stays whole."""

_CALL = 1.5e6
"""Forward multiplications of one row that take as long as the fixed cost of a kernel call."""
_ROWS = 16
"""Rows x steps that take as long as packing the weights for a call."""


class Piece(NamedTuple):
    """Steps `begin` to `end` - 1 of the `rows` longest rows: all that have not ended at `begin`."""

    begin: int
    end: int
    rows: int


def plan(lengths: Sequence[int], size: int, weights: int) -> list[Piece] | None:
    """Pieces that together contain every real position, from first to last; None: keep the batch whole.

    Args:
        lengths: of all rows.
        size: T.
        weights: number of weights of a layer, which determines the cost of a step of a row.
    """
    dense = len(lengths) * size
    if sum(lengths) >= (1 - WORTH) * dense or not any(lengths):
        return None
    ascending = sorted(lengths)
    call = _ROWS + _CALL / weights
    cuts = sorted(set(lengths) - {0})
    pieces = list(_split(ascending, cuts, 0, ascending[-1], call))
    cost = sum((piece.end - piece.begin) * piece.rows + call for piece in pieces) - call
    return pieces if cost <= (1 - WORTH) * dense else None


def _split(ascending: list[int], cuts: list[int], begin: int, end: int, call: float) -> Iterator[Piece]:
    """Cut where it saves most, then recursively each half, as long as a cut saves more than a call costs."""
    rows = _alive(ascending, begin)
    savings = [((end - cut) * (rows - _alive(ascending, cut)), cut) for cut in cuts if begin < cut < end]
    saved, cut = max(savings, default=(0, end))
    if saved <= call:
        yield Piece(begin, end, rows)
        return
    yield from _split(ascending, cuts, begin, cut, call)
    yield from _split(ascending, cuts, cut, end, call)


def _alive(ascending: list[int], time: int) -> int:
    """Rows that are longer than `time`."""
    return len(ascending) - bisect_right(ascending, time)
