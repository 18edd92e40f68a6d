"""Quick queries for a page that follows running sweeps every second: a few columns of each run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.ledger import effective_status
from harness.store.states import RUNNING
from harness.store.writer import Store


@dataclass(frozen=True)
class BriefRun:
    """A few columns of a run; `status` is "interrupted" where the process that ran it is dead."""

    id: int
    task: str
    model: str
    seed: int
    status: str
    started_at: float | None
    ended_at: float | None
    total_s: float | None


@dataclass(frozen=True)
class Position:
    """How far a running run has logged.

    Attributes:
        budget: as in its configuration, such as "epochs:3".
        epoch, step, seconds: the furthest value of each in its metric rows.
    """

    budget: str
    epoch: float
    step: float
    seconds: float


def brief_runs(
    store: Store, *, sweep: str | None = None, tasks: Collection[str] = (), models: Collection[str] = ()
) -> list[BriefRun]:
    """Runs of models (no baselines) in the order in which they were planned.

    Args:
        store: open.
        sweep: only runs of this sweep; None: all.
        tasks, models: only runs of these; empty: all.
    """
    r, c = t.runs.c, t.sweep_cells.c
    owner = (r.owner_pid, r.owner_started, r.owner_place, r.heartbeat)
    wanted = sa.select(r.id, r.task, r.model, r.seed, r.status, r.started_at, r.ended_at, r.total_s, *owner)
    wanted = wanted.where(r.kind != "baseline")
    if sweep is not None:
        wanted = wanted.join(t.sweep_cells, c.key == r.key).where(c.sweep == sweep).order_by(c.position, r.id)
    else:
        wanted = wanted.order_by(r.id)
    if tasks:
        wanted = wanted.where(r.task.in_(tasks))
    if models:
        wanted = wanted.where(r.model.in_(models))
    rows = store.read(lambda connection: connection.execute(wanted).all())
    return [
        BriefRun(x.id, x.task, x.model, x.seed, effective_status(x), x.started_at, x.ended_at, x.total_s) for x in rows
    ]


def reasons(store: Store, run_ids: Sequence[int]) -> dict[int, str]:
    """Why runs failed, by their number."""
    r = t.runs.c
    wanted = sa.select(r.id, r.reason).where(r.id.in_(run_ids))
    rows = store.read(lambda connection: connection.execute(wanted).all()) if run_ids else []
    return {row.id: row.reason or "" for row in rows}


def positions(store: Store, run_ids: Sequence[int]) -> dict[int, Position]:
    """How far runs have logged, by their number; omits runs that have logged nothing."""
    if not run_ids:
        return {}
    r, m = t.runs.c, t.metrics.c
    settings = sa.select(r.id, r.config).where(r.id.in_(run_ids))
    furthest = [sa.func.max(m[name]).label(name) for name in ("epoch", "step", "seconds")]
    logged = sa.select(m.run_id, *furthest).where(m.run_id.in_(run_ids)).group_by(m.run_id)
    configs, rows = store.read(lambda x: (x.execute(settings).all(), x.execute(logged).all()))
    budgets = {row.id: str(row.config.get("budget") or "") for row in configs}
    return {row.run_id: Position(budgets[row.run_id], row.epoch, row.step, row.seconds) for row in rows}


def fingerprint(store: Store) -> str:
    """A text that changes whenever a report would, made of runs, their states and end times.

    Heartbeats do not change it, but a process that has died does: its run counts as interrupted without a write.
    """
    r, c = t.runs.c, t.sweep_cells.c
    by_state = sa.select(
        r.status, sa.func.count(), sa.func.max(r.id), sa.func.max(r.ended_at), sa.func.sum(r.attempts)
    ).group_by(r.status)
    cells = sa.select(sa.func.count(), sa.func.max(c.planned_at))
    owners = sa.select(r.id, r.status, r.owner_pid, r.owner_started, r.owner_place, r.heartbeat)
    owners = owners.where(r.status == RUNNING).order_by(r.id)

    def work(connection: Connection) -> str:
        states = sorted(map(tuple, connection.execute(by_state)))
        alive = [(row.id, effective_status(row)) for row in connection.execute(owners)]
        return repr((states, tuple(connection.execute(cells).one()), alive))

    return store.read(work)


def has_runs(store: Store) -> bool:
    """Whether the store holds any run."""
    query = sa.select(sa.func.count()).select_from(t.runs)
    return bool(store.read(lambda connection: connection.execute(query).scalar()))
