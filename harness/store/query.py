"""Reads the store: runs, sweeps and environments, and (from `rows` and `views`) everything that belongs to a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from harness.errors import UnknownNameError, UserError
from harness.store import checks
from harness.store import schema as t
from harness.store.checks import CheckRecord
from harness.store.ledger import effective_status
from harness.store.records import EnvironmentRecord, MetricRow, PredictionRow, SampleRow
from harness.store.rows import curves, metric_columns, metrics, prediction_ids, predictions, samples
from harness.store.states import FAILED, FINISHED, PLANNED, PREFERENCE, STATES
from harness.store.views import RunView, SweepView, nan, run_as_json, view_of
from harness.store.writer import Store

__all__ = [
    "EnvironmentRecord", "MetricRow", "PredictionRow", "RunView", "SampleRow", "SweepView", "curves", "environments",
    "metric_columns", "metrics", "prediction_ids", "predictions", "run", "run_as_json", "runs", "samples", "sweeps",
]  # fmt: skip

Rows = Sequence[Row[*tuple[Any, ...]]]

_LONG: dict[str, Any] = {
    **{name: {} for name in ("config", "identity", "units", "observed", "charts")},
    **{name: [] for name in ("published", "history")},
    **{name: "" for name in ("traceback", "log_tail")},
}
"""Columns that a list does not need, and the values used instead."""


_SHOWN_KEYS = 8
_AFTER_EVERY_KEY = "g"  # keys are hexadecimal digits


def runs(
    store: Store,
    *,
    sweep: str | None = None,
    task: str | None = None,
    model: str | None = None,
    status: str | None = None,
    brief: bool = False,
) -> list[RunView]:
    """Runs in the order in which they were planned, filtered.

    Args:
        store: open.
        sweep, task, model, status: select only such runs.
        brief: leave the long columns empty (configuration, identity, units, details but for the latency, charts,
            traceback, ...), which take most of the reading time.

    Raises:
        UnknownNameError: no such sweep.
        UserError: no such state.
    """
    if status is not None and status not in STATES:
        raise UnknownNameError("run state", status, STATES)
    r, c = t.runs.c, t.sweep_cells.c
    query = sa.select(*(column for column in t.runs.columns if not brief or column.name not in _LONG))
    if brief:
        query = query.add_columns(r.details["latency"].label("latency"))
    if sweep is not None:
        query = (
            query.select_from(t.runs)
            .join(t.sweep_cells, c.key == r.key)
            .where(c.sweep == sweep)
            .order_by(c.position, r.id)
        )
    else:
        query = query.order_by(r.id)
    if task is not None:
        query = query.where(r.task == task)
    if model is not None:
        query = query.where(r.model == model)

    def work(connection: Connection) -> tuple[Rows, Rows, dict[int, dict[str, float]], list[CheckRecord]]:
        cells = connection.execute(sa.select(c.sweep, c.key, c.looks).order_by(c.planned_at, c.position)).all()
        rows = connection.execute(query).all()
        checked = [] if brief else checks.read(connection)
        return cells, rows, _finals(connection, [row.id for row in rows]), checked

    cells, rows, finals, checked = store.read(work)
    if sweep is not None:
        names = {cell.sweep for cell in cells}
        if t.shortened(c.sweep, sweep) not in names:
            raise UnknownNameError("sweep", sweep, names, store.url)
    by_key: dict[str, list[Row[Any]]] = {}
    for cell in cells:
        by_key.setdefault(cell.key, []).append(cell)
    whole = _completed(rows) if brief else rows
    views = [view_of(row, finals.get(row.id, {}), by_key.get(row.key, []), sweep, checked) for row in whole]
    return [v for v in views if status in (None, v.status)]


class _WholeRow(SimpleNamespace):
    """A row of `runs` in the form that `view_of` takes: columns by name and in order."""

    def __iter__(self) -> Iterator[Any]:
        return iter(vars(self).values())


def _completed(rows: Rows) -> Any:
    """Rows of `runs` with empty values in the long columns, of which only the latency was read."""
    empty = {column.name: _LONG.get(column.name) for column in t.runs.columns}
    read = [name for name in empty if name not in _LONG]
    found = []
    for *values, latency in rows:
        known = dict(zip(read, values, strict=True))
        found.append(_WholeRow(**{**empty, **known, "details": {"latency": latency} if latency else {}}))
    return found


def run(store: Store, key_prefix: str) -> RunView:
    """The run whose key has this prefix; if it ran in several environments, its finished or newest row.

    Raises:
        UnknownNameError: no run's key has this prefix.
        UserError: several do.
    """
    prefix = key_prefix.lower()
    c, r = t.sweep_cells.c, t.runs.c
    if not prefix:
        raise _no_run(store, key_prefix)

    def work(connection: Connection) -> tuple[Rows, Rows, dict[int, dict[str, float]], list[CheckRecord]]:
        begins_so = (r.key >= prefix) & (r.key < prefix + _AFTER_EVERY_KEY)  # can use the index, unlike LIKE
        rows = connection.execute(sa.select(t.runs).where(begins_so).order_by(r.id)).all()
        keys = {row.key for row in rows}
        if len(keys) != 1:
            return rows, [], {}, []
        of_key = sa.select(c.sweep, c.looks).where(c.key.in_(keys)).order_by(c.planned_at, c.position)
        finals = _finals(connection, [row.id for row in rows])
        return rows, connection.execute(of_key).all(), finals, checks.read(connection)

    rows, cells, finals, checked = store.read(work)
    keys = list(dict.fromkeys(row.key for row in rows))
    if not keys:
        raise _no_run(store, key_prefix)
    if len(keys) > 1:
        one_each = list({row.key: row for row in rows}.values())[:_SHOWN_KEYS]
        shown = ", ".join(f"{row.key[:12]} ({row.task} {row.model} seed {row.seed})" for row in one_each)
        raise UserError(f"'{key_prefix}' is a prefix of the keys of {len(keys)} runs: {shown}. Give more digits.")
    views = [view_of(row, finals.get(row.id, {}), cells, None, checked) for row in rows]
    return max(views, key=lambda v: (v.status == FINISHED, v.started_at or 0.0, v.id))


def _no_run(store: Store, key_prefix: str) -> UnknownNameError:
    """The error for an unknown key, which lists the newest runs."""
    query = sa.select(t.runs.c.key, sa.func.max(t.runs.c.id).label("id")).group_by(t.runs.c.key)
    rows = store.read(lambda connection: connection.execute(query.order_by(sa.desc("id"))).all())
    newest = [row.key[:12] for row in rows]
    more = f"; {len(newest) - _SHOWN_KEYS} more" if len(newest) > _SHOWN_KEYS else ""
    return UnknownNameError("run", key_prefix, newest[:_SHOWN_KEYS], f"{store.url}{more} (harness list runs)")


def environments(store: Store) -> dict[str, EnvironmentRecord]:
    """Every environment by its hash; further observations are stored with each run."""
    query = sa.select(t.environments).order_by(t.environments.c.first_seen)
    rows = store.read(lambda connection: connection.execute(query).all())
    return {r.hash: EnvironmentRecord(r.hash, r.fingerprint) for r in rows}


def sweeps(store: Store) -> list[SweepView]:
    """Every sweep, oldest first. A cell that ran in several environments counts once, in its best state."""
    c, r = t.sweep_cells.c, t.runs.c
    of_a_cell = sa.select(c.sweep, c.key, c.planned_at).order_by(c.planned_at)
    of_a_state = sa.select(r.key, r.status, r.owner_pid, r.owner_started, r.owner_place, r.heartbeat)
    cells, rows = store.read(lambda x: (x.execute(of_a_cell).all(), x.execute(of_a_state).all()))
    best: dict[str, str] = {}
    for row in rows:
        state = effective_status(row) if row.status in STATES else FAILED
        if row.key not in best or PREFERENCE.index(state) < PREFERENCE.index(best[row.key]):
            best[row.key] = state
    counts: dict[str, Counter[str]] = {}
    began: dict[str, float] = {}
    for cell in cells:
        counts.setdefault(cell.sweep, Counter())[best.get(cell.key, PLANNED)] += 1
        began.setdefault(cell.sweep, cell.planned_at)  # cells are sorted by time, so the earliest is kept
    return [SweepView(name, states.total(), dict(states), began[name]) for name, states in counts.items()]


def _finals(connection: Connection, ids: list[int]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    if not ids:
        return found
    c = t.final_metrics.c
    query = sa.select(t.final_metrics).where(c.run_id >= min(ids), c.run_id <= max(ids)).order_by(c.run_id, c.name)
    for row in connection.execute(query):
        found.setdefault(row.run_id, {})[row.name] = nan(row.value)
    return found
