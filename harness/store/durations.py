"""How long finished runs took, for estimates of future ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from harness.store import schema as t
from harness.store.states import FINISHED
from harness.store.writer import Store


@dataclass(frozen=True)
class Duration:
    """The wall time of a finished run, and what it depends on. `budget` is empty for a baseline."""

    task: str
    model: str
    budget: str
    environment: str
    seconds: float


def durations(store: Store, tasks: Collection[str]) -> list[Duration]:
    """Of every finished run of these tasks whose time is known."""
    c = t.runs.c
    query = sa.select(c.task, c.model, c.config, c.environment, c.total_s).where(
        c.status == FINISHED, c.task.in_(tasks), c.total_s.is_not(None)
    )
    rows = store.read(lambda connection: connection.execute(query).all())
    return [Duration(r.task, r.model, r.config.get("budget", ""), r.environment, r.total_s) for r in rows]
