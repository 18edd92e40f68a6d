"""Reading the store: runs, metrics, predictions, samples, sweeps, and the JSON that programs rely on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from harness.errors import StoreError, UnknownNameError, UserError
from harness.store import schema as t
from harness.store.ledger import PREFERENCE, effective_status
from harness.store.records import EnvironmentRecord, MetricRow, PredictionRow, RunSummary, SampleRow
from harness.store.writer import Store

Rows = Sequence[Row[*tuple[Any, ...]]]

_ARTIFACTS = ("checkpoint", "samples", "config", "predictions")
_SHOWN_KEYS = 8
_CHUNK = 20_000
_MOST_NUMBERS = 500  # parameters of one statement
_AFTER_EVERY_KEY = "g"  # keys are hexadecimal digits


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

    def work(connection: Connection) -> tuple[Rows, Rows, dict[int, dict[str, float]]]:
        cells = connection.execute(sa.select(c.sweep, c.key).order_by(c.planned_at, c.position)).all()
        rows = connection.execute(query).all()
        return cells, rows, _finals(connection, [row.id for row in rows])

    cells, rows, finals = store.read(work)
    if sweep is not None:
        names = {cell.sweep for cell in cells}
        if t.shortened(c.sweep, sweep) not in names:
            raise UnknownNameError("sweep", sweep, names, store.url)
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
    prefix = key_prefix.lower()
    c, r = t.sweep_cells.c, t.runs.c
    if not prefix:
        raise _no_run(store, key_prefix)

    def work(connection: Connection) -> tuple[Rows, list[str], dict[int, dict[str, float]]]:
        begins_so = (r.key >= prefix) & (r.key < prefix + _AFTER_EVERY_KEY)  # both sides use the index, LIKE does not
        rows = connection.execute(sa.select(t.runs).where(begins_so).order_by(r.id)).all()
        keys = {row.key for row in rows}
        if len(keys) != 1:
            return rows, [], {}
        cells = connection.execute(sa.select(c.sweep).where(c.key.in_(keys)).order_by(c.planned_at, c.position))
        return rows, list(cells.scalars()), _finals(connection, [row.id for row in rows])

    rows, sweeps, finals = store.read(work)
    keys = list(dict.fromkeys(row.key for row in rows))
    if not keys:
        raise _no_run(store, key_prefix)
    if len(keys) > 1:
        one_each = list({row.key: row for row in rows}.values())[:_SHOWN_KEYS]
        shown = ", ".join(f"{row.key[:12]} ({row.task} {row.model} seed {row.seed})" for row in one_each)
        raise UserError(f"'{key_prefix}' begins the keys of {len(keys)} runs: {shown}. Give more digits.")
    views = [_view(row, finals.get(row.id, {}), sweeps, None) for row in rows]
    return max(views, key=lambda v: (v.status == t.FINISHED, v.started_at or 0.0, v.id))


def _no_run(store: Store, key_prefix: str) -> UnknownNameError:
    """The error that names the newest runs."""
    query = sa.select(t.runs.c.key, sa.func.max(t.runs.c.id).label("id")).group_by(t.runs.c.key)
    rows = store.read(lambda connection: connection.execute(query.order_by(sa.desc("id"))).all())
    newest = [row.key[:12] for row in rows]
    more = f"; {len(newest) - _SHOWN_KEYS} more" if len(newest) > _SHOWN_KEYS else ""
    return UnknownNameError("run", key_prefix, newest[:_SHOWN_KEYS], f"{store.url}{more} (harness list runs)")


def metrics(store: Store, run_id: int, names: Iterable[str] | None = None) -> list[MetricRow]:
    """Everything a run logged (or only metrics of these names), by name and step."""
    c = t.metrics.c
    query = sa.select(t.metrics).where(c.run_id == run_id).order_by(c.name, c.step)
    if names is not None:
        query = query.where(c.name.in_(list(names)))
    rows = store.read(lambda connection: connection.execute(query).all())
    return [MetricRow(r.name, r.step, _nan(r.value), r.epoch, r.examples, r.seconds) for r in rows]


def curves(store: Store, run_ids: Sequence[int], name: str) -> dict[int, list[tuple[int, float, float]]]:
    """One metric of many runs, read at once: by run, (step, seconds, value) by step. A run without it is not there."""
    c = t.metrics.c
    found: dict[int, list[tuple[int, float, float]]] = {}

    def work(connection: Connection) -> None:
        found.clear()
        for ids in _portions(run_ids):
            query = sa.select(c.run_id, c.step, c.seconds, c.value).where(c.run_id.in_(ids), c.name == name)
            for run_id, step, seconds, value in connection.execute(query.order_by(c.run_id, c.step)):
                found.setdefault(run_id, []).append((step, seconds, _nan(value)))

    store.read(work)
    return found


def metric_columns(
    store: Store, run_ids: Sequence[int], names: Sequence[str] | None = None, *, final: bool = False
) -> dict[str, list[Any]]:
    """What many runs logged (or their final values), column by column: quicker than a row at a time.

    Returns:
        run_id, name, step, value, epoch, examples, seconds; sorted by run, name and step. Of final values, step and
        what goes with it are None.
    """
    columns = ("run_id", "name", "step", "value", "epoch", "examples", "seconds")
    c = (t.final_metrics if final else t.metrics).c
    chosen = [c[name] if name in c else sa.null().label(name) for name in columns]
    order = [c[name] for name in ("run_id", "name", "step") if name in c]
    found: dict[str, list[Any]] = {}

    def work(connection: Connection) -> None:
        found.update({name: [] for name in columns})
        for ids in _portions(run_ids):
            query = sa.select(*chosen).where(c.run_id.in_(ids)).order_by(*order)
            if names is not None:
                query = query.where(c.name.in_(names))
            for part in connection.execution_options(yield_per=_CHUNK).execute(query).partitions():
                for name, values in zip(columns, zip(*part, strict=True), strict=True):
                    found[name].extend(values)

    store.read(work)
    found["value"] = [_nan(value) for value in found["value"]]
    return found


def predictions(store: Store, run_id: int, example_ids: Iterable[str] | None = None) -> list[PredictionRow]:
    """A finished run's outputs on the test split (or only those of these examples), in its order."""
    c = t.predictions.c
    query = sa.select(t.predictions).where(c.run_id == run_id).order_by(c.position)
    if example_ids is not None:
        query = query.where(c.example_id.in_(list(example_ids)))
    rows = store.read(lambda connection: connection.execute(query).all())
    return [PredictionRow(r.example_id, r.source, r.reference, r.output, r.statistics) for r in rows]


def prediction_ids(store: Store, run_id: int) -> list[str]:
    """The ids of a finished run's test examples, in the order of the split."""
    c = t.predictions.c
    query = sa.select(c.example_id).where(c.run_id == run_id).order_by(c.position)
    return store.read(lambda connection: list(connection.execute(query).scalars()))


def samples(store: Store, run_id: int) -> list[SampleRow]:
    """The outputs that a finished run chose to show."""
    c = t.samples.c
    query = sa.select(t.samples).where(c.run_id == run_id).order_by(c.position)
    rows = store.read(lambda connection: connection.execute(query).all())
    return [SampleRow(r.title, r.source, r.reference, r.output) for r in rows]


def environments(store: Store) -> dict[str, EnvironmentRecord]:
    """Every environment by its hash; what was observed beside it stands with each run."""
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
        state = effective_status(row) if row.status in t.STATES else t.FAILED
        if row.key not in best or PREFERENCE.index(state) < PREFERENCE.index(best[row.key]):
            best[row.key] = state
    counts: dict[str, Counter[str]] = {}
    began: dict[str, float] = {}
    for cell in cells:
        counts.setdefault(cell.sweep, Counter())[best.get(cell.key, t.PLANNED)] += 1
        began.setdefault(cell.sweep, cell.planned_at)  # the first in order of time
    return [SweepView(name, states.total(), dict(states), began[name]) for name, states in counts.items()]


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
        "memory": dict(s.memory) if s else {},
        "machine": dict(s.machine) if s else {},
    }


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The numbers in lists that a statement can take."""
    for first in range(0, len(ids), _MOST_NUMBERS):
        yield ids[first : first + _MOST_NUMBERS]


def _finals(connection: Connection, ids: list[int]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    if not ids:
        return found
    c = t.final_metrics.c
    query = sa.select(t.final_metrics).where(c.run_id >= min(ids), c.run_id <= max(ids)).order_by(c.run_id, c.name)
    for row in connection.execute(query):
        found.setdefault(row.run_id, {})[row.name] = _nan(row.value)
    return found


def _expected(column: sa.Column[Any]) -> tuple[type, ...]:
    """What a column's value may be; SQLite takes anything in any column."""
    if isinstance(column.type, sa.JSON):
        found: tuple[type, ...] = (list,) if column.name in ("published", "history") else (dict,)
    else:
        kinds = {sa.Boolean: (bool,), sa.Integer: (int,), sa.Float: (int, float)}
        found = next((types for kind, types in kinds.items() if isinstance(column.type, kind)), (str,))
    return (*found, type(None)) if column.nullable else found


_EXPECTED = [_expected(column) for column in t.runs.columns]


def _check(row: Row[*tuple[Any, ...]]) -> None:
    """Refuse a row that this program did not write.

    Raises:
        StoreError: a value is of another type than its column, or the state is none.
    """
    for number, (value, expected) in enumerate(zip(row, _EXPECTED, strict=True)):
        if not isinstance(value, expected):
            name = list(t.runs.columns.keys())[number]
            raise StoreError(f"The results store is damaged: 'runs.{name}' of run number {row.id} is {value!r:.40}.")
    if row.status not in t.STATES:
        raise StoreError(f"The results store is damaged: 'runs.status' of run number {row.id} is {row.status!r:.40}.")


def _view(row: Row[Any], finals: dict[str, float], sweeps: list[str], asked: str | None) -> RunView:
    _check(row)
    status = effective_status(row)
    summary = None
    if status == t.FINISHED:
        values = {f.name: getattr(row, f.name) for f in fields(RunSummary) if f.name != "metrics"}
        for name in ("primary_value", "total_s", "train_s"):
            values[name] = _nan(values[name])
        values["throughput"] = values["throughput"] or 0.0
        for name in ("memory", "machine", "energy"):  # a run of an older version left none
            values[name] = values[name] or {}
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
