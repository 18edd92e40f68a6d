"""Reads the states of a sweep's cells in bulk: several sweeps may work on one grid at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.ledger import effective_status
from harness.store.states import NO_ENVIRONMENT, PLANNED, PREFERENCE
from harness.store.writer import Store

_AT_ONCE = 500  # keys in one query: databases limit the parameters of a statement


@dataclass(frozen=True)
class CellState:
    """What a sweep needs to know about a run in the store.

    Attributes:
        status: as in the ledger, but "interrupted" where the process that ran it is dead.
        attempts: how often it was started.
        reason: why it failed.
        value: the primary metric of a finished run.
        total_s: wall time of a finished run.
    """

    status: str
    attempts: int = 0
    reason: str = ""
    value: float | None = None
    total_s: float | None = None


UNKNOWN = CellState(PLANNED)
"""The state of a run that is not in the store."""


def cell_state(store: Store, key: str, environment: str) -> CellState:
    """As `cell_states`, for one run; `UNKNOWN` if the store has no such run."""
    return cell_states(store, [key], environment).get(key, UNKNOWN)


def cell_states(store: Store, keys: Iterable[str], environment: str | None) -> dict[str, CellState]:
    """The states of runs in an environment, or of rows that have not run anywhere; omits unknown keys.

    Args:
        store: open.
        keys: of the runs.
        environment: its hash; None: the best state in any (finished before all others).
    """
    c = t.runs.c
    columns = [c.key, c.status, c.attempts, c.reason, c.owner_pid, c.owner_started, c.owner_place, c.heartbeat]
    here = sa.true() if environment is None else c.environment.in_((environment, NO_ENVIRONMENT))

    def work(connection: Connection) -> dict[str, CellState]:
        found: dict[str, CellState] = {}
        for some in _parts(keys):
            query = sa.select(*columns, c.primary_value, c.total_s).where(c.key.in_(some), here)
            for row in connection.execute(query):
                state = _state(row)
                known = found.get(row.key, state)
                if PREFERENCE.index(state.status) <= PREFERENCE.index(known.status):
                    found[row.key] = state
        return found

    return store.read(work)


def _state(row: Any) -> CellState:
    return CellState(effective_status(row), row.attempts, row.reason or "", row.primary_value, row.total_s)


def _parts(keys: Iterable[str]) -> Iterator[list[str]]:
    everything = list(keys)
    for begin in range(0, len(everything), _AT_ONCE):
        yield everything[begin : begin + _AT_ONCE]
