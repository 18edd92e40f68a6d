"""Per-example statistics of many runs, read at once and without outputs, for the breakdowns of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.writer import Store

_MOST_NUMBERS = 500  # maximum number of parameters in one statement


def example_count(store: Store, run_id: int) -> int:
    """How many test examples of a run the store holds."""
    c = t.predictions.c
    query = sa.select(sa.func.count()).where(c.run_id == run_id)
    return int(store.read(lambda connection: connection.execute(query).scalar_one()))


def example_texts(store: Store, run_id: int) -> dict[str, tuple[str, str]]:
    """Source and correct answer of a run's test examples by id, in the order of the split."""
    c = t.predictions.c
    query = sa.select(c.example_id, c.source, c.reference).where(c.run_id == run_id).order_by(c.position)
    rows = store.read(lambda connection: connection.execute(query).all())
    return {example: (source, reference) for example, source, reference in rows}


def first_statistics(store: Store, run_id: int) -> dict[str, Any]:
    """The statistics of a run's first test example by metric, which shows their form; empty without examples."""
    c = t.predictions.c
    query = sa.select(c.statistics).where(c.run_id == run_id).order_by(c.position).limit(1)
    found = store.read(lambda connection: connection.execute(query).scalar())
    return dict(found) if isinstance(found, dict) else {}


def example_statistics(store: Store, run_ids: Sequence[int], metric: str) -> dict[int, dict[str, Any]]:
    """A metric's statistics by run and example id; None if an example has none. Omits runs without examples.

    The database extracts the metric from each row, so that others are not parsed.
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
