"""Statistics of test examples of many runs, read at once and without outputs: what a report breaks scores down by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.writer import Store

_MOST_NUMBERS = 500  # parameters of one statement


def example_count(store: Store, run_id: int) -> int:
    """How many test examples of a run the store holds."""
    c = t.predictions.c
    query = sa.select(sa.func.count()).where(c.run_id == run_id)
    return int(store.read(lambda connection: connection.execute(query).scalar_one()))


def example_texts(store: Store, run_id: int) -> dict[str, tuple[str, str]]:
    """Source and right answer of a run's test examples by id, in the order of the split."""
    c = t.predictions.c
    query = sa.select(c.example_id, c.source, c.reference).where(c.run_id == run_id).order_by(c.position)
    rows = store.read(lambda connection: connection.execute(query).all())
    return {example: (source, reference) for example, source, reference in rows}


def first_statistics(store: Store, run_id: int) -> dict[str, Any]:
    """The statistics of a run's first test example, by metric: what kinds there are; empty without examples."""
    c = t.predictions.c
    query = sa.select(c.statistics).where(c.run_id == run_id).order_by(c.position).limit(1)
    found = store.read(lambda connection: connection.execute(query).scalar())
    return dict(found) if isinstance(found, dict) else {}


def example_statistics(store: Store, run_ids: Sequence[int], metric: str) -> dict[int, dict[str, Any]]:
    """A metric's statistics by run and example id; None where an example has none. A run without examples is not there.

    The database takes the metric's part out of each row, so that the others are not parsed.
    """
    c = t.predictions.c
    found: dict[int, dict[str, Any]] = {}

    def work(connection: Connection) -> None:
        found.clear()
        for first in range(0, len(run_ids), _MOST_NUMBERS):
            ids = run_ids[first : first + _MOST_NUMBERS]
            query = sa.select(c.run_id, c.example_id, c.statistics[metric]).where(c.run_id.in_(ids))
            for run_id, example, statistics in connection.execute(query.order_by(c.run_id, c.position)):
                found.setdefault(run_id, {})[example] = statistics

    store.read(work)
    return found
