"""Reading the store: runs, metrics, predictions, samples, sweeps, and the JSON that programs rely on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from harness.errors import UnknownNameError, UserError
from harness.store import schema as t
from harness.store.ledger import PREFERENCE, effective_status
from harness.store.records import EnvironmentRecord, MetricRow, PredictionRow, RunSummary, SampleRow
from harness.store.writer import Store

_ARTIFACTS = ("checkpoint", "samples", "config", "predictions")
_SHOWN_KEYS = 8


@dataclass(frozen=True)
class RunView:
    """A run as the store knows it.

    Attributes:
        id: the row's number, for `metrics`, `predictions` and `samples`.
        environment: hash of the environment it ran in; None before it started.
        sweep: the sweep that was asked for, else the first that planned it; `sweeps`: all of them.
        status: as in the ledger, but "interrupted" where the process that ran it is dead.
        reason: why it is incompatible, or the error it failed with.
        primary: {"name", "unit", "higher_is_better"} as declared by the task.
        summary: what it left; None unless finished.
        observed: what was seen beside the environment (calibration, load).
        started_at, ended_at: Unix seconds.
        history: earlier attempts.
    """

    id: int
    key: str
    environment: str | None
    sweep: str
    sweeps: tuple[str, ...]
    task: str
    dataset: str
    model: str
    kind: str
    seed: int
    status: str
    reason: str | None
    synthetic: bool
    config: dict[str, Any]
    primary: dict[str, Any]
    units: dict[str, dict[str, Any]]
    references: list[dict[str, Any]]
    identity: dict[str, Any]
    tuning: dict[str, float]
    command: str
    summary: RunSummary | None
    observed: dict[str, Any] = field(default_factory=dict)
    traceback: str = ""
    log_tail: str = ""
    attempts: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def primary_value(self) -> float | None:
        """The primary metric on the test split; None where it is not known."""
        value = self.summary.primary_value if self.summary else None
        return None if value is None or math.isnan(value) else value


@dataclass(frozen=True)
class SweepView:
    """A sweep: its name, how many cells are in which state, and when it was first planned (Unix seconds)."""

    name: str
    cells: int
    states: dict[str, int]
    planned_at: float


def runs(
    store: Store,
    *,
    sweep: str | None = None,
    task: str | None = None,
    model: str | None = None,
    status: str | None = None,
) -> list[RunView]:
    """Runs in the order in which they were planned, filtered.

    Raises:
        UnknownNameError: no such sweep.
        UserError: no such state.
    """
    if status is not None and status not in t.STATES:
        raise UnknownNameError("run state", status, t.STATES)
    r, c = t.runs.c, t.sweep_cells.c
    query = sa.select(t.runs)
    if sweep is not None:
        query = query.join(t.sweep_cells, c.key == r.key).where(c.sweep == sweep).order_by(c.position, r.id)
    else:
        query = query.order_by(r.id)
    if task is not None:
        query = query.where(r.task == task)
    if model is not None:
        query = query.where(r.model == model)
    with store.reading() as connection:
        cells = connection.execute(sa.select(c.sweep, c.key).order_by(c.planned_at, c.position)).all()
        if sweep is not None and sweep not in {cell.sweep for cell in cells}:
            raise UnknownNameError("sweep", sweep, {cell.sweep for cell in cells}, store.url)
        rows = connection.execute(query).all()
        finals = _finals(connection, [row.id for row in rows])
    by_key: dict[str, list[str]] = {}
    for cell in cells:
        by_key.setdefault(cell.key, []).append(cell.sweep)
    views = [_view(row, finals.get(row.id, {}), by_key.get(row.key, []), sweep) for row in rows]
    return [v for v in views if status in (None, v.status)]


def run(store: Store, key_prefix: str) -> RunView:
    """The run whose key begins so; the finished or newest row where it ran in several environments.

    Raises:
        UnknownNameError: no run's key begins so.
        UserError: several do.
    """
    views = runs(store)
    found = [v for v in views if v.key.startswith(key_prefix.lower())] if key_prefix else []
    keys = list(dict.fromkeys(v.key for v in found))
    if not keys:
        newest = list(dict.fromkeys(v.key[:12] for v in reversed(views)))
        more = f"; {len(newest) - _SHOWN_KEYS} more" if len(newest) > _SHOWN_KEYS else ""
        raise UnknownNameError("run", key_prefix, newest[:_SHOWN_KEYS], f"{store.url}{more} (harness list runs)")
    if len(keys) > 1:
        shown = ", ".join(f"{v.key[:12]} ({v.task} {v.model} seed {v.seed})" for v in found[:_SHOWN_KEYS])
        raise UserError(f"'{key_prefix}' begins the keys of {len(keys)} runs: {shown}. Give more digits.")
    return max(found, key=lambda v: (v.status == t.FINISHED, v.started_at or 0.0, v.id))


def metrics(store: Store, run_id: int, names: Iterable[str] | None = None) -> list[MetricRow]:
    """Everything a run logged (or only metrics of these names), by name and step."""
    c = t.metrics.c
    query = sa.select(t.metrics).where(c.run_id == run_id).order_by(c.name, c.step)
    if names is not None:
        query = query.where(c.name.in_(list(names)))
    with store.reading() as connection:
        return [
            MetricRow(r.name, r.step, _nan(r.value), r.epoch, r.examples, r.seconds) for r in connection.execute(query)
        ]


def predictions(store: Store, run_id: int, example_ids: Iterable[str] | None = None) -> list[PredictionRow]:
    """A finished run's outputs on the test split (or only those of these examples), in its order."""
    c = t.predictions.c
    query = sa.select(t.predictions).where(c.run_id == run_id).order_by(c.position)
    if example_ids is not None:
        query = query.where(c.example_id.in_(list(example_ids)))
    with store.reading() as connection:
        return [
            PredictionRow(r.example_id, r.source, r.reference, r.output, r.statistics)
            for r in connection.execute(query)
        ]


def prediction_ids(store: Store, run_id: int) -> list[str]:
    """The ids of a finished run's test examples, in the order of the split."""
    c = t.predictions.c
    with store.reading() as connection:
        return list(
            connection.execute(sa.select(c.example_id).where(c.run_id == run_id).order_by(c.position)).scalars()
        )


def samples(store: Store, run_id: int) -> list[SampleRow]:
    """The outputs that a finished run chose to show."""
    c = t.samples.c
    with store.reading() as connection:
        rows = connection.execute(sa.select(t.samples).where(c.run_id == run_id).order_by(c.position))
        return [SampleRow(r.title, r.source, r.reference, r.output) for r in rows]


def environments(store: Store) -> dict[str, EnvironmentRecord]:
    """Every environment by its hash; what was observed beside it stands with each run."""
    with store.reading() as connection:
        rows = connection.execute(sa.select(t.environments).order_by(t.environments.c.first_seen))
        return {r.hash: EnvironmentRecord(r.hash, r.fingerprint) for r in rows}


def sweeps(store: Store) -> list[SweepView]:
    """Every sweep, oldest first. A cell that ran in several environments counts once, in its best state."""
    c = t.sweep_cells.c
    with store.reading() as connection:
        cells = connection.execute(sa.select(c.sweep, c.key, c.planned_at).order_by(c.planned_at)).all()
        rows = connection.execute(sa.select(t.runs)).all()
    best: dict[str, str] = {}
    for row in rows:
        state = effective_status(row)
        if row.key not in best or PREFERENCE.index(state) < PREFERENCE.index(best[row.key]):
            best[row.key] = state
    found: dict[str, SweepView] = {}
    for cell in cells:
        view = found.setdefault(cell.sweep, SweepView(cell.sweep, 0, {}, cell.planned_at))
        states = dict(view.states)
        state = best.get(cell.key, t.PLANNED)
        states[state] = states.get(state, 0) + 1
        found[cell.sweep] = SweepView(view.name, view.cells + 1, states, min(view.planned_at, cell.planned_at))
    return list(found.values())


def run_as_json(view: RunView) -> dict[str, Any]:
    """The object that `harness list runs --json` prints for a run: every key there, null where unknown."""
    s = view.summary
    return {
        "key": view.key,
        "sweep": view.sweep,
        "task": view.task,
        "dataset": view.dataset,
        "model": view.model,
        "seed": view.seed,
        "status": view.status,
        "reason": view.reason,
        "parameters": s.parameters if s else None,
        "primary": {
            "name": view.primary.get("name"),
            "value": _finite(view.primary_value),
            "unit": view.primary.get("unit"),
            "higher_is_better": view.primary.get("higher_is_better"),
            "split": view.summary.split if view.summary else "test",
        },
        "metrics": {k: _finite(v) for k, v in s.metrics.items()} if s else {},
        "time": {
            "total_s": _finite(s.total_s) if s else None,
            "train_s": _finite(s.train_s) if s else None,
            "to_target_s": _finite(s.to_target_s) if s else None,
            "phases": dict(s.phases) if s else {},
        },
        "throughput": {
            "value": (_finite(s.throughput) or None) if s else None,
            "unit": (s.throughput_unit or None) if s else None,
        },
        "memory_peak_bytes": (s.memory_peak_bytes or None) if s else None,
        "environment": view.environment,
        "artifacts": {name: s.artifacts.get(name) if s else None for name in _ARTIFACTS},
    }


def _finals(connection: sa.Connection, ids: list[int]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    if not ids:
        return found
    c = t.final_metrics.c
    query = sa.select(t.final_metrics).where(c.run_id >= min(ids), c.run_id <= max(ids)).order_by(c.run_id, c.name)
    for row in connection.execute(query):
        found.setdefault(row.run_id, {})[row.name] = _nan(row.value)
    return found


def _view(row: Row[Any], finals: dict[str, float], sweeps: list[str], asked: str | None) -> RunView:
    status = effective_status(row)
    summary = None
    if status == t.FINISHED:
        values = {f.name: getattr(row, f.name) for f in fields(RunSummary) if f.name != "metrics"}
        for name in ("primary_value", "total_s", "train_s"):
            values[name] = _nan(values[name])
        values["throughput"] = values["throughput"] or 0.0
        summary = RunSummary(metrics=finals, **values)
    return RunView(
        id=row.id,
        key=row.key,
        environment=row.environment or None,
        sweep=asked or (sweeps[0] if sweeps else ""),
        sweeps=tuple(sweeps),
        task=row.task,
        dataset=row.dataset,
        model=row.model,
        kind=row.kind,
        seed=row.seed,
        status=status,
        reason=row.reason,
        synthetic=row.synthetic,
        config=row.config,
        primary=row.primary_metric,
        units=row.units,
        references=row.published,
        identity=row.identity,
        tuning=row.tuning,
        command=row.command,
        summary=summary,
        observed=row.observed or {},
        traceback=row.traceback or "",
        log_tail=row.log_tail or "",
        attempts=row.attempts,
        history=row.history,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
