"""Curves of many runs, thinned to a few points each by the database: a report draws thousands of small ones."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from harness.store import schema as t
from harness.store.writer import Store

POINTS = 60
"""Maximum number of points of a thinned curve."""

_MOST_NUMBERS = 500  # maximum number of parameters in one statement

Curve = list[tuple[int, float]]
"""(step, value) by step; NaN where the store holds no number."""


def thinned_curves(store: Store, run_ids: Sequence[int], points: int = POINTS) -> dict[int, dict[str, Curve]]:
    """Everything that the runs logged, by run and name, each curve with every k-th point and its last.

    A curve keeps the rows 1, 1 + k, 1 + 2k, ... with k the smallest power of two that leaves fewer than `points`, so
    the points are logged values, not means.

    Args:
        run_ids: numbers of the runs; runs that logged nothing are omitted.
        points: maximum per curve, at least 2.
    """
    found: dict[int, dict[str, Curve]] = {}

    def work(connection: Connection) -> None:
        found.clear()
        for first in range(0, len(run_ids), _MOST_NUMBERS):
            _read(connection, run_ids[first : first + _MOST_NUMBERS], points, found)

    store.read(work)
    return found


def _read(connection: Connection, run_ids: Sequence[int], points: int, found: dict[int, dict[str, Curve]]) -> None:
    """Read curves of the same name, k and spacing together: a query that differs from row to row is slower."""
    alike: dict[tuple[str, int, int, int], dict[int, Row[Any]]] = {}
    for end in connection.execute(_ends(run_ids)):
        stride, gap = _stride(end.length, points), _gap(end.length, end.first, end.last)
        alike.setdefault((end.name, stride, end.first if gap else 0, gap), {})[end.run_id] = end
    for (name, stride, first, gap), ends in alike.items():
        curves = _curves(connection, _every(list(ends), name, stride, first, gap))
        # The ends alone do not prove even spacing: a curve with too few rows is not evenly spaced.
        uneven = [i for i, end in ends.items() if len(curves.get(i, ())) != -(-end.length // stride)]
        if uneven:
            curves |= _curves(connection, _every(uneven, name, stride))
        for run_id, end in ends.items():
            curve = sorted(curves[run_id])  # cheaper than in the database, which would sort rows of all runs together
            if curve[-1][0] != end.last:
                curve.append((end.last, math.nan if end.value is None else end.value))
            found.setdefault(run_id, {})[name] = curve


def _curves(connection: Connection, query: sa.Select[Any]) -> dict[int, Curve]:
    """Points by run."""
    curves: defaultdict[int, Curve] = defaultdict(list)
    for run_id, step, value in connection.execute(query).all():
        curves[run_id].append((step, math.nan if value is None else value))
    return curves


def _stride(length: int, points: int) -> int:
    """The smallest power of two that leaves fewer than `points` of the rows; 1 if all fit."""
    return 1 if length <= points else 2 ** math.ceil(math.log2(length / (points - 1)))


def _gap(length: int, first: int, last: int) -> int:
    """The distance between steps if they can be evenly spaced between their ends; otherwise 0."""
    return (last - first) // (length - 1) if length > 1 and (last - first) % (length - 1) == 0 else 0


def _ends(run_ids: Sequence[int]) -> sa.Select[Any]:
    """For every curve: run, name, length, first and last step, and last value."""
    c = t.metrics.c
    first, last = sa.func.min(c.step).label("first"), sa.func.max(c.step).label("last")
    ends = (
        sa.select(c.run_id, c.name, sa.func.count().label("length"), first, last)
        .where(c.run_id.in_(run_ids))
        .group_by(c.run_id, c.name)
        .subquery("ends")
    )
    same = (c.run_id == ends.c.run_id) & (c.name == ends.c.name) & (c.step == ends.c.last)
    return sa.select(ends, c.value).join(t.metrics, same)


def _every(run_ids: Sequence[int], name: str, stride: int, first: int = 0, gap: int = 0) -> sa.Select[Any]:
    """Every `stride`-th row of a metric of these runs; steps that are `gap` apart are selected without counting.

    Counting rows takes SQLite four times as long.
    """
    c = t.metrics.c
    chosen = c.run_id.in_(run_ids) & (c.name == name)
    if stride == 1:
        return sa.select(c.run_id, c.step, c.value).where(chosen)
    if gap:
        return sa.select(c.run_id, c.step, c.value).where(chosen, (c.step - first) % (gap * stride) == 0)
    place = sa.func.row_number().over(partition_by=c.run_id, order_by=c.step).label("place")
    rows = sa.select(c.run_id, c.step, c.value, place).where(chosen).subquery("numbered")
    return sa.select(rows.c.run_id, rows.c.step, rows.c.value).where((rows.c.place - 1) % stride == 0)
