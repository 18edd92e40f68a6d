"""How far the runs of a store are: cells by state, running ones with their share of the budget and the time left.

All of it is an estimate from what the store holds: what a run has logged of its budget, and how long finished runs of
the same kind took.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.report.selection import RunSelection
from harness.store import Store
from harness.store import schema as t
from harness.store.ledger import effective_status

_COLUMNS = {"epochs": "epoch", "steps": "step", "seconds": "seconds"}
_MOST_RUNNING, _MOST_FAILED = 50, 10
_LONGEST = 200  # characters of a name or reason


@dataclass
class CellProgress:
    """A task and model of the grid: how many of its runs are in which state."""

    task: str
    model: str
    states: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Running:
    """A run that is running: `share` of its budget (0 to 1) and seconds left, None where nothing says so."""

    task: str
    model: str
    seed: int
    share: float | None
    left_s: float | None


@dataclass
class SweepProgress:
    """Where the runs are.

    Attributes:
        states: how many runs are in which state.
        cells: by task and model, in the order in which they were planned.
        running: at most 50 of them; failed: (task, model, seed, reason) of the last ten.
        left_s: seconds until all that is planned has run, with as many at once as now; None where nothing says so.
    """

    states: dict[str, int]
    cells: list[CellProgress]
    running: list[Running]
    failed: list[tuple[str, str, int, str]]
    left_s: float | None


def progress(store: Store, selection: RunSelection) -> SweepProgress:
    """How far the chosen runs are; a few columns of each, so that it may be asked for every second.

    Raises:
        StoreError: the store cannot be read.
    """
    runs = _runs(store, selection)
    cells: dict[tuple[str, str], CellProgress] = {}
    for run in runs:
        cell = cells.setdefault((run.task, run.model), CellProgress(_cut(run.task), _cut(run.model)))
        cell.states[run.status] += 1
    now = time.time()
    active = [r for r in runs if r.status == t.RUNNING]
    shares = _shares(store, [r.id for r in active[:_MOST_RUNNING]])
    usual = _Usual(runs)
    running = []
    for run in active:
        share = shares.get(run.id)
        elapsed = max(0.0, now - (run.started_at or now))
        running.append(Running(_cut(run.task), _cut(run.model), run.seed, share, _left(run, share, elapsed, usual)))
    failed = sorted((r for r in runs if r.status == t.FAILED), key=lambda r: (r.ended_at or 0.0, r.id), reverse=True)
    reasons = _reasons(store, [r.id for r in failed[:_MOST_FAILED]])
    return SweepProgress(
        states=dict(Counter(r.status for r in runs)),
        cells=list(cells.values()),
        running=running[:_MOST_RUNNING],
        failed=[(_cut(r.task), _cut(r.model), r.seed, _cut(reasons.get(r.id, ""))) for r in failed[:_MOST_FAILED]],
        left_s=_all_left(runs, running, usual),
    )


def state_of(store: Store, selection: RunSelection) -> str:
    """A text that changes whenever a report would: runs, their states and their ends. Signs of life do not count, but
    the lack of them does: a run whose process has died is interrupted, though nobody has written so.
    """
    r, c = t.runs.c, t.sweep_cells.c
    by_state = sa.select(
        r.status, sa.func.count(), sa.func.max(r.id), sa.func.max(r.ended_at), sa.func.sum(r.attempts)
    ).group_by(r.status)
    cells = sa.select(sa.func.count(), sa.func.max(c.planned_at))
    owners = sa.select(r.id, r.status, r.owner_pid, r.owner_started, r.owner_place, r.heartbeat)
    owners = owners.where(r.status == t.RUNNING).order_by(r.id)

    def work(connection: Connection) -> str:
        states = sorted(map(tuple, connection.execute(by_state)))
        alive = [(row.id, effective_status(row)) for row in connection.execute(owners)]
        return repr((states, tuple(connection.execute(cells).one()), alive))

    return f"{selection} {store.read(work)}"


def as_json(progress: SweepProgress) -> dict[str, Any]:
    """Plain data for the page."""
    return {
        "states": {state: progress.states.get(state, 0) for state in t.STATES},
        "cells": [{"task": c.task, "model": c.model, "states": dict(c.states)} for c in progress.cells],
        "running": [vars(r) for r in progress.running],
        "failed": [dict(zip(("task", "model", "seed", "reason"), f, strict=True)) for f in progress.failed],
        "left_s": progress.left_s,
    }


@dataclass(frozen=True)
class _Run:
    """What of a run is needed here."""

    id: int
    task: str
    model: str
    seed: int
    status: str
    started_at: float | None
    ended_at: float | None
    total_s: float | None


def _runs(store: Store, selection: RunSelection) -> list[_Run]:
    """Models' runs in the order in which they were planned."""
    r, c = t.runs.c, t.sweep_cells.c
    owner = (r.owner_pid, r.owner_started, r.owner_place, r.heartbeat)
    wanted = sa.select(r.id, r.task, r.model, r.seed, r.status, r.started_at, r.ended_at, r.total_s, *owner)
    wanted = wanted.where(r.kind != "baseline")
    if selection.sweep is not None:
        wanted = wanted.join(t.sweep_cells, c.key == r.key).where(c.sweep == selection.sweep).order_by(c.position, r.id)
    else:
        wanted = wanted.order_by(r.id)
    if selection.tasks:
        wanted = wanted.where(r.task.in_(selection.tasks))
    if selection.models:
        wanted = wanted.where(r.model.in_(selection.models))
    rows = store.read(lambda connection: connection.execute(wanted).all())
    return [_Run(x.id, x.task, x.model, x.seed, effective_status(x), x.started_at, x.ended_at, x.total_s) for x in rows]


def _reasons(store: Store, ids: Sequence[int]) -> dict[int, str]:
    r = t.runs.c
    wanted = sa.select(r.id, r.reason).where(r.id.in_(ids))
    rows = store.read(lambda connection: connection.execute(wanted).all()) if ids else []
    return {row.id: row.reason or "" for row in rows}


def _shares(store: Store, ids: Sequence[int]) -> dict[int, float]:
    """The part of its budget that a run has logged, where that can be said; early stopping may end it sooner."""
    if not ids:
        return {}
    r, m = t.runs.c, t.metrics.c
    settings = sa.select(r.id, r.config).where(r.id.in_(ids))
    furthest = [sa.func.max(m[name]).label(name) for name in _COLUMNS.values()]
    logged = sa.select(m.run_id, *furthest).where(m.run_id.in_(ids)).group_by(m.run_id)
    configs, rows = store.read(lambda x: (x.execute(settings).all(), x.execute(logged).all()))
    budgets = {row.id: str(row.config.get("budget") or "").partition(":") for row in configs}
    found = {}
    for row in rows:
        kind, _, amount = budgets[row.run_id]
        try:
            whole = float(amount)
        except ValueError:
            continue
        if kind in _COLUMNS and 0 < whole < math.inf:
            found[row.run_id] = min(1.0, max(0.0, getattr(row, _COLUMNS[kind]) / whole))
    return found


class _Usual:
    """How long finished runs took: of a task and model, else of the task, else of any."""

    def __init__(self, runs: Sequence[_Run]) -> None:
        self.totals: dict[tuple[str, str], list[float]] = {}
        for run in runs:
            if run.status == t.FINISHED and run.total_s is not None and math.isfinite(run.total_s):
                for place in ((run.task, run.model), (run.task, ""), ("", "")):
                    self.totals.setdefault(place, []).append(run.total_s)

    def of(self, run: _Run) -> float | None:
        for place in ((run.task, run.model), (run.task, ""), ("", "")):
            if found := self.totals.get(place):
                return sum(found) / len(found)
        return None


def _left(run: _Run, share: float | None, elapsed: float, usual: _Usual) -> float | None:
    """Seconds until a running run ends: as others of its kind took, else by its share of the budget."""
    known = usual.of(run)
    if known is not None:
        return max(0.0, known - elapsed)
    return elapsed * (1 - share) / share if share else None


def _all_left(runs: Sequence[_Run], running: Sequence[Running], usual: _Usual) -> float | None:
    waiting = [usual.of(r) for r in runs if r.status == t.PLANNED]
    known = [v for v in [*waiting, *(r.left_s for r in running)] if v is not None]
    if not running or len(known) < len(waiting) + len(running):
        return None
    return max(sum(known) / len(running), *(r.left_s or 0.0 for r in running), 0.0)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
