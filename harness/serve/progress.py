"""Progress of the runs in a store: cells by state, and running ones with their share of the budget and the time left.

Everything is estimated from the store: how much of its budget a run has logged, and how long finished runs of the same
kind took.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.report.selection import RunSelection
from harness.store import Store
from harness.store.live import BriefRun, Position, brief_runs, fingerprint, positions, reasons
from harness.store.states import FAILED, FINISHED, PLANNED, RUNNING, STATES

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
    """A run that is running: `share` of its budget (0 to 1) and seconds left; None if unknown."""

    task: str
    model: str
    seed: int
    share: float | None
    left_s: float | None


@dataclass
class SweepProgress:
    """The progress of the runs.

    Attributes:
        states: how many runs are in which state.
        cells: by task and model, in the order in which they were planned.
        running: at most 50 of them; failed: (task, model, seed, reason) of the last ten.
        left_s: seconds until everything planned has run, with as many at once as now; None if unknown.
    """

    states: dict[str, int]
    cells: list[CellProgress]
    running: list[Running]
    failed: list[tuple[str, str, int, str]]
    left_s: float | None


def progress(store: Store, selection: RunSelection) -> SweepProgress:
    """Progress of the selected runs; reads few columns, so it can be called every second.

    Raises:
        StoreError: the store cannot be read.
    """
    runs = brief_runs(store, sweep=selection.sweep, tasks=selection.tasks, models=selection.models)
    cells: dict[tuple[str, str], CellProgress] = {}
    for run in runs:
        cell = cells.setdefault((run.task, run.model), CellProgress(_cut(run.task), _cut(run.model)))
        cell.states[run.status] += 1
    now = time.time()
    active = [r for r in runs if r.status == RUNNING]
    logged = positions(store, [run.id for run in active[:_MOST_RUNNING]])
    usual = _Usual(runs)
    running = []
    for run in active:
        share = _share(logged[run.id]) if run.id in logged else None
        elapsed = max(0.0, now - (run.started_at or now))
        running.append(Running(_cut(run.task), _cut(run.model), run.seed, share, _left(run, share, elapsed, usual)))
    failed = sorted((r for r in runs if r.status == FAILED), key=lambda r: (r.ended_at or 0.0, r.id), reverse=True)
    why = reasons(store, [r.id for r in failed[:_MOST_FAILED]])
    return SweepProgress(
        states=dict(Counter(r.status for r in runs)),
        cells=list(cells.values()),
        running=running[:_MOST_RUNNING],
        failed=[(_cut(r.task), _cut(r.model), r.seed, _cut(why.get(r.id, ""))) for r in failed[:_MOST_FAILED]],
        left_s=_all_left(runs, running, usual),
    )


def state_of(store: Store, selection: RunSelection) -> str:
    """A string that changes whenever the report of this selection would (`harness.store.live.fingerprint`)."""
    return f"{selection} {fingerprint(store)}"


def as_json(progress: SweepProgress) -> dict[str, Any]:
    """Plain data for the page."""
    return {
        "states": {state: progress.states.get(state, 0) for state in STATES},
        "cells": [{"task": c.task, "model": c.model, "states": dict(c.states)} for c in progress.cells],
        "running": [vars(r) for r in progress.running],
        "failed": [dict(zip(("task", "model", "seed", "reason"), f, strict=True)) for f in progress.failed],
        "left_s": progress.left_s,
    }


def _share(position: Position) -> float | None:
    """The share of its budget that a run has logged, if known; early stopping may end it sooner."""
    kind, _, amount = position.budget.partition(":")
    try:
        whole = float(amount)
    except ValueError:
        return None
    if kind not in _COLUMNS or not 0 < whole < math.inf:
        return None
    return min(1.0, max(0.0, getattr(position, _COLUMNS[kind]) / whole))


class _Usual:
    """Duration of finished runs: of the task and model, else of the task, else of any."""

    def __init__(self, runs: Sequence[BriefRun]) -> None:
        self.totals: dict[tuple[str, str], list[float]] = {}
        for run in runs:
            if run.status == FINISHED and run.total_s is not None and math.isfinite(run.total_s):
                for place in ((run.task, run.model), (run.task, ""), ("", "")):
                    self.totals.setdefault(place, []).append(run.total_s)

    def of(self, run: BriefRun) -> float | None:
        for place in ((run.task, run.model), (run.task, ""), ("", "")):
            if found := self.totals.get(place):
                return sum(found) / len(found)
        return None


def _left(run: BriefRun, share: float | None, elapsed: float, usual: _Usual) -> float | None:
    """Seconds until a running run ends: from others of its kind, else from its share of the budget."""
    known = usual.of(run)
    if known is not None:
        return max(0.0, known - elapsed)
    return elapsed * (1 - share) / share if share else None


def _all_left(runs: Sequence[BriefRun], running: Sequence[Running], usual: _Usual) -> float | None:
    waiting = [usual.of(r) for r in runs if r.status == PLANNED]
    known = [v for v in [*waiting, *(r.left_s for r in running)] if v is not None]
    if not running or len(known) < len(waiting) + len(running):
        return None
    return max(sum(known) / len(running), *(r.left_s or 0.0 for r in running), 0.0)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
