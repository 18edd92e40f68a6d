"""Runs and sweeps as views of the store's rows, and their stable JSON form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from harness.errors import StoreError
from harness.store import schema as t
from harness.store.checks import CheckRecord, ContractStatus, of_run
from harness.store.ledger import effective_status
from harness.store.records import RunSummary
from harness.store.states import FAILED, FINISHED, STATES

NOT_RECORDED = "not recorded"
"""Shown for a value that an older run did not record."""

_ARTIFACTS = ("model", "specs", "card", "samples", "config", "predictions")


@dataclass(frozen=True)
class RunView:
    """A run in the store.

    Attributes:
        id: the row's number, for `metrics`, `predictions` and `samples`.
        environment: hash of the environment it ran in; None before it started.
        sweep: the sweep that was queried, else the first that planned it; `sweeps`: all of them.
        looks: how often a sweep of it may look at the results and add seeds, the largest number; 0: no such plan.
        status: as in the ledger, but "interrupted" where the process that ran it is dead.
        reason: why it is incompatible, or the error it failed with.
        failure: why it failed, in one word: "diverged", "limit" (time or memory) or "error"; else None.
        primary: {"name", "unit", "higher_is_better"} as declared by the task.
        summary: its results; None unless finished.
        observed: observations outside the environment's hash (calibration, load).
        started_at, ended_at: Unix seconds.
        history: earlier attempts.
        contracts: what is on record about its plug-ins' contracts; empty where it did not record their digests.
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
    failure: str | None
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
    contracts: tuple[ContractStatus, ...] = ()
    looks: int = 0
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def primary_value(self) -> float | None:
        """The primary metric on the test split; None if unknown."""
        value = self.summary.primary_value if self.summary else None
        return None if value is None or math.isnan(value) else value

    @property
    def validation_rank(self) -> tuple[float, float, int]:
        """Sorts runs of one task and data set from best to worst on validation data; test data has no say.

        By what the run chose its weights by, then by the loss, then by the seed; what is not known comes last.
        """
        chosen = self.summary.checkpoint if self.summary is not None else {}
        metric = self.units.get(str(chosen.get("chosen_by", "")).removeprefix("val/"), {})
        value = float(chosen.get("value", math.nan))
        loss = self.summary.metrics.get("val/loss", 0.0) if self.summary is not None else math.inf
        return (math.inf if math.isnan(value) else -value if metric.get("higher_is_better") else value), loss, self.seed

    @property
    def last_event(self) -> float:
        """When it ended, else when it started, else when it was planned: Unix seconds."""
        return self.ended_at or self.started_at or self.created_at

    @property
    def without_value(self) -> bool:
        """Whether it finished with a primary metric that is no finite number, so that it counts as diverged."""
        value = self.primary_value
        return self.summary is not None and (value is None or not math.isfinite(value))

    @property
    def backend(self) -> str:
        """What computed its layers ("oneDNN", "fused Python"); empty for a baseline and before it finished."""
        if self.summary is None or self.kind == "baseline":
            return ""
        return str(self.summary.details.get("backend") or NOT_RECORDED)

    @property
    def precision(self) -> str:
        """The precision of a finished model's training, and why if the harness chose it; empty as for `backend`."""
        if self.summary is None or self.kind == "baseline":
            return ""
        why = self.summary.details.get("precision_chosen")
        return str(self.summary.details.get("precision") or NOT_RECORDED) + (f", by {why}" if why else "")


@dataclass(frozen=True)
class SweepView:
    """A sweep: its name, how many cells are in which state, and when it was first planned (Unix seconds)."""

    name: str
    cells: int
    states: dict[str, int]
    planned_at: float


def run_as_json(view: RunView) -> dict[str, Any]:
    """The object that `harness list runs --json` prints for a run: every key is present, null if unknown."""
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
        "failure": view.failure,
        "parameters": s.parameters if s else None,
        "fixed_parameters": s.fixed_parameters if s else None,
        "encoder_parameters": s.encoder_parameters if s else None,
        "decoder_parameters": s.decoder_parameters if s else None,
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
        "latency": s.details.get("latency") or {} if s else {},
        "memory_peak_bytes": (s.memory_peak_bytes or None) if s else None,
        "environment": view.environment,
        "artifacts": {name: s.artifacts.get(name) if s else None for name in _ARTIFACTS},
        "memory": dict(s.memory) if s else {},
        "machine": dict(s.machine) if s else {},
    }


def _expected(column: sa.Column[Any]) -> tuple[type, ...]:
    """The types that a column's value may have; SQLite accepts any type in any column."""
    if isinstance(column.type, sa.JSON):
        found: tuple[type, ...] = (list,) if column.name in ("published", "history") else (dict,)
    else:
        kinds = {sa.Boolean: (bool,), sa.Integer: (int,), sa.Float: (int, float)}
        found = next((types for kind, types in kinds.items() if isinstance(column.type, kind)), (str,))
    return (*found, type(None)) if column.nullable else found


_SUMMARY = [f.name for f in fields(RunSummary) if f.name != "metrics"]

_EXPECTED = [_expected(column) for column in t.runs.columns]


def _check(row: Row[*tuple[Any, ...]]) -> None:
    """Refuse a row that this program did not write.

    Raises:
        StoreError: a value has another type than its column, or the state does not exist.
    """
    for number, (value, expected) in enumerate(zip(row, _EXPECTED, strict=True)):
        if not isinstance(value, expected):
            name = list(t.runs.columns.keys())[number]
            raise StoreError(f"The results store is damaged: 'runs.{name}' of run number {row.id} is {value!r:.40}.")
    if row.status not in STATES:
        raise StoreError(f"The results store is damaged: 'runs.status' of run number {row.id} is {row.status!r:.40}.")


def view_of(
    row: Row[Any],
    finals: dict[str, float],
    cells: Sequence[Row[Any]],
    asked: str | None,
    checked: Sequence[CheckRecord] = (),
) -> RunView:
    """The view of a row of `runs`.

    Args:
        row: as read.
        finals: its final metrics.
        cells: name and looks of the sweeps that planned it, oldest first.
        asked: the sweep that was queried, if any.
        checked: what is on record about plug-ins.

    Raises:
        StoreError: this program did not write the row.
    """
    _check(row)
    status, sweeps = effective_status(row), tuple(cell.sweep for cell in cells)
    summary = None
    if status == FINISHED:
        values = {name: getattr(row, name) for name in _SUMMARY}
        for name in ("primary_value", "total_s", "train_s"):
            values[name] = nan(values[name])
        values["throughput"] = values["throughput"] or 0.0
        for name in ("memory", "machine", "energy"):  # NULL where a run recorded none
            values[name] = values[name] or {}
        summary = RunSummary(metrics=finals, **values)
    return RunView(
        contracts=of_run(checked, row.identity, row.config, row.created_at),
        id=row.id,
        key=row.key,
        environment=row.environment or None,
        sweep=asked or (sweeps[0] if sweeps else ""),
        sweeps=sweeps,
        looks=max((t.looks_planned(cell.looks) for cell in cells), default=0),
        task=row.task,
        dataset=row.dataset,
        model=row.model,
        kind=row.kind,
        seed=row.seed,
        status=status,
        reason=row.reason,
        failure=row.failure if status == FAILED else None,
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


def nan(value: float | None) -> float:
    """NaN where the store holds NULL."""
    return math.nan if value is None else value


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
