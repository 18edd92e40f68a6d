"""The ledger's rows: finds, inserts, updates and clears the row of a run inside a transaction."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from harness.errors import StoreError
from harness.store import schema as t
from harness.store.owner import STALE_AFTER_S, Owner, is_alive, this_place
from harness.store.records import EnvironmentRecord, RunPlan
from harness.store.states import (
    FAILED,
    FINISHED,
    INCOMPATIBLE,
    INTERRUPTED,
    NO_ENVIRONMENT,
    PLANNED,
    RUNNING,
)

_AT_ONCE = 500  # keys per query: databases limit the parameters of a statement


class LedgerError(RuntimeError):
    """A run is not in the state that the call needs."""


class AlreadyRunning(LedgerError):
    """Another living process runs this run."""


class AlreadyFinished(LedgerError):
    """The run is finished in this environment; `start(..., again=True)` discards its results."""


class TakenOver(LedgerError, StoreError):
    """This process has lost the run: its heartbeats stopped, and another machine continued it."""


def effective_status(row: Row[*tuple[Any, ...]]) -> str:
    """The state in the ledger, except "interrupted" for a running run whose process is dead."""
    if row.status != RUNNING:
        return str(row.status)
    owner = None if row.owner_pid is None else Owner(row.owner_pid, row.owner_started, row.owner_place)
    return RUNNING if is_alive(owner, row.heartbeat) else INTERRUPTED


def rows(connection: Connection, key: str) -> list[Row[Any]]:
    """The run's rows, one per environment, locked against other writers if the database locks rows."""
    query = sa.select(t.runs).where(t.runs.c.key == key).order_by(t.runs.c.id)
    reading = connection.get_execution_options().get("harness_read", False)
    return list(connection.execute(query if reading else query.with_for_update()))


def locked(connection: Connection, run_id: int) -> Row[*tuple[Any, ...]] | None:
    """State and owner of a run by its number, locked against other writers; None if there is none."""
    r = t.runs.c
    query = sa.select(r.id, r.key, r.status, r.owner_place, r.ended_at).where(r.id == run_id)
    return connection.execute(query.with_for_update()).one_or_none()


def still_running(connection: Connection, run_id: int) -> Row[*tuple[Any, ...]]:
    """The row of a run that this machine is running, locked.

    Raises:
        LedgerError: there is no such run, or it is not running.
        TakenOver: another machine runs it now, or has finished it.
    """
    row = must_be_ours(connection, run_id)
    if row.status != RUNNING:
        raise LedgerError(f"Run {run_id} is {row.status}, not running: call start() before.")
    return row


def must_be_ours(connection: Connection, run_id: int) -> Row[*tuple[Any, ...]]:
    """The row of a run that no other machine owns, locked.

    Raises:
        LedgerError, TakenOver: as `still_running`.
    """
    row = locked(connection, run_id)
    if row is None:
        raise LedgerError(f"There is no run number {run_id} in this store.")
    if row.owner_place not in (None, this_place()):
        raise TakenOver(
            f"Run {row.key[:12]} was taken over by another machine, as it had sent no heartbeat for more than "
            f"{STALE_AFTER_S / 60:.0f} minutes. This attempt writes nothing more."
        )
    return row


def row_to_start(rows: list[Row[Any]], environment: str, again: bool) -> Row[Any] | None:
    """The existing row to start the run in; None: insert a new one."""
    here = next((r for r in rows if r.environment == environment), None)
    if here is not None:
        status = effective_status(here)
        if status == RUNNING:
            raise AlreadyRunning(
                f"Run {here.key[:12]} ({here.task}, {here.model}, seed {here.seed}) is already running in "
                f"process {here.owner_pid}. Wait for it, or stop that process."
            )
        if status == FINISHED and not again:
            raise AlreadyFinished(f"Run {here.key[:12]} is already finished in this environment.")
        return here
    free = (PLANNED, INCOMPATIBLE, INTERRUPTED, FAILED)
    candidates = [(free.index(s), r) for r in rows if (s := effective_status(r)) in free]
    return min(candidates, key=lambda pair: pair[0])[1] if candidates else None


def planned(plan: RunPlan) -> dict[str, Any]:
    """The columns filled from a plan, by name."""
    values = {k: v for k, v in dataclasses.asdict(plan).items() if k not in ("key", "sweep", "primary", "references")}
    return {**values, "primary_metric": plan.primary, "published": plan.references}


def insert(connection: Connection, plan: RunPlan, **changes: Any) -> int:
    """Insert a row and return its number; `changes` override values of the plan."""
    key = connection.execute(sa.insert(t.runs).values(**_new(plan, **changes))).inserted_primary_key
    if key is None:
        raise LedgerError("The database gave no number to a new run.")
    return int(key[0])


def insert_planned(connection: Connection, cells: Sequence[tuple[RunPlan, str | None]]) -> None:
    """Insert rows for runs that have none, as planned, or as incompatible for the reason given."""
    rows = {
        plan.key: _new(plan, status=PLANNED if reason is None else INCOMPATIBLE, reason=reason)
        for plan, reason in cells
    }
    if rows:
        connection.execute(sa.insert(t.runs), list(rows.values()))


def _new(plan: RunPlan, **changes: Any) -> dict[str, Any]:
    return {
        "key": plan.key,
        "environment": NO_ENVIRONMENT,
        "attempts": 0,
        "history": [],
        "created_at": time.time(),
        **planned(plan),
        **changes,
    }


def update(connection: Connection, run_id: int, **changes: Any) -> None:
    """Change columns of a row.

    Raises:
        LedgerError: there is no such row.
    """
    done = connection.execute(sa.update(t.runs).where(t.runs.c.id == run_id).values(**changes))
    if done.rowcount == 0:
        raise LedgerError(f"There is no run number {run_id} in this store.")


def clear(connection: Connection, run_id: int) -> None:
    """Remove the results of an earlier finish."""
    for table in (t.final_metrics, t.predictions, t.samples):
        connection.execute(sa.delete(table).where(table.c.run_id == run_id))


def ended() -> dict[str, Any]:
    """The columns of a run that no process runs any more."""
    return {"ended_at": time.time(), "owner_pid": None, "owner_started": None, "owner_place": None}


def add_environment(connection: Connection, environment: EnvironmentRecord, now: float) -> None:
    """Insert an environment unless it exists."""
    insert_missing(
        connection,
        t.environments,
        {"hash": environment.hash, "fingerprint": environment.fingerprint, "first_seen": now},
    )


def add_cell(connection: Connection, plan: RunPlan) -> None:
    """Make the run the last cell of its sweep unless it is one already."""
    add_cells(connection, [plan])


def add_cells(connection: Connection, plans: Sequence[RunPlan]) -> None:
    """Make runs the last cells of their sweeps, in this order, unless they are cells already."""
    cells, now = t.sweep_cells, time.time()
    for sweep in dict.fromkeys(plan.sweep for plan in plans):
        last = connection.execute(sa.select(sa.func.max(cells.c.position)).where(cells.c.sweep == sweep)).scalar()
        keys = dict.fromkeys(plan.key for plan in plans if plan.sweep == sweep)
        rows = [
            {"sweep": sweep, "key": key, "position": position, "planned_at": now, "looks": 0}
            for position, key in enumerate(keys, 0 if last is None else last + 1)
        ]
        connection.execute(_dialect_insert(connection, cells).on_conflict_do_nothing(), rows)


def statuses(connection: Connection, keys: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """Number and state of every row of these runs, by key, locked if the database locks rows."""
    found: dict[str, list[tuple[int, str]]] = {}
    r = t.runs.c
    for begin in range(0, len(keys), _AT_ONCE):
        some = sa.select(r.id, r.key, r.status).where(r.key.in_(keys[begin : begin + _AT_ONCE])).order_by(r.id)
        for row in connection.execute(some.with_for_update()):
            found.setdefault(row.key, []).append((row.id, row.status))
    return found


def _dialect_insert(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)


def insert_missing(connection: Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Insert a row unless one with its key exists."""
    connection.execute(_dialect_insert(connection, table).values(**row).on_conflict_do_nothing())


def upsert(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; a row whose primary key exists replaces the old one."""
    keys = [c.name for c in table.primary_key]
    statement = _dialect_insert(connection, table)
    changes = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def number(value: float | None) -> float | None:
    """NaN as NULL, which is what SQLite would make of it anyway."""
    return None if value is None or math.isnan(value) else float(value)


def set_cells(connection: Connection, sweep: str, keys: Sequence[str], looks: Mapping[str, int]) -> None:
    """Make exactly these keys the cells of a sweep; each keeps the largest number of looks that it was planned with."""
    now, c = time.time(), t.sweep_cells.c
    before = connection.execute(sa.select(c.key, c.looks).where(c.sweep == sweep)).all()
    earlier = {row.key: t.looks_planned(row.looks) for row in before}
    rows = [
        {
            "sweep": sweep,
            "key": key,
            "position": position,
            "planned_at": now,
            "looks": max(looks.get(key, 0), earlier.get(key, 0)),
        }
        for position, key in enumerate(dict.fromkeys(keys))
    ]
    connection.execute(sa.delete(t.sweep_cells).where(c.sweep == sweep))
    if rows:
        connection.execute(sa.insert(t.sweep_cells), rows)
