"""Reads what runs logged and produced: curves, final values, predictions and samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.records import MetricRow, PredictionRow, SampleRow
from harness.store.views import nan
from harness.store.writer import Store

_CHUNK = 20_000
_MOST_NUMBERS = 500  # maximum number of parameters in one statement


def metrics(store: Store, run_id: int, names: Iterable[str] | None = None) -> list[MetricRow]:
    """Everything a run logged (or only metrics of these names), by name and step."""
    c = t.metrics.c
    query = sa.select(t.metrics).where(c.run_id == run_id).order_by(c.name, c.step)
    if names is not None:
        query = query.where(c.name.in_(list(names)))
    rows = store.read(lambda connection: connection.execute(query).all())
    return [MetricRow(r.name, r.step, nan(r.value), r.epoch, r.examples, r.seconds) for r in rows]


def curves(store: Store, run_ids: Sequence[int], name: str) -> dict[int, list[tuple[int, float, float, int]]]:
    """One metric of many runs, read at once: by run, (step, seconds, value, training examples seen) by step.

    Omits runs without it.
    """
    c = t.metrics.c
    found: dict[int, list[tuple[int, float, float, int]]] = {}

    def work(connection: Connection) -> None:
        found.clear()
        for ids in _portions(run_ids):
            query = sa.select(c.run_id, c.step, c.seconds, c.value, c.examples)
            query = query.where(c.run_id.in_(ids), c.name == name).order_by(c.run_id, c.step)
            for run_id, step, seconds, value, examples in connection.execute(query):
                found.setdefault(run_id, []).append((step, seconds, nan(value), examples))

    store.read(work)
    return found


def metric_columns(
    store: Store, run_ids: Sequence[int], names: Sequence[str] | None = None, *, final: bool = False
) -> dict[str, list[Any]]:
    """What many runs logged (or their final values) as columns, which is quicker than row by row.

    Returns:
        run_id, name, step, value, epoch, examples, seconds; sorted by run, name and step. For final values, step,
        epoch, examples and seconds are None.
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
    found["value"] = [nan(value) for value in found["value"]]
    return found


def predictions(store: Store, run_id: int, example_ids: Iterable[str] | None = None) -> list[PredictionRow]:
    """A finished run's outputs on the test split (or only those of these examples), in its order."""
    c = t.predictions.c
    query = sa.select(t.predictions).where(c.run_id == run_id).order_by(c.position)
    if example_ids is not None:
        query = query.where(c.example_id.in_(list(example_ids)))
    rows = store.read(lambda connection: connection.execute(query).all())
    return [PredictionRow(r.example_id, r.source, r.reference, r.output, r.statistics, tuple(r.others)) for r in rows]


def prediction_ids(store: Store, run_id: int) -> list[str]:
    """The ids of a finished run's test examples, in the order of the split."""
    c = t.predictions.c
    query = sa.select(c.example_id).where(c.run_id == run_id).order_by(c.position)
    return store.read(lambda connection: list(connection.execute(query).scalars()))


def samples(store: Store, run_id: int) -> list[SampleRow]:
    """The outputs that a finished run selected for display."""
    c = t.samples.c
    query = sa.select(t.samples).where(c.run_id == run_id).order_by(c.position)
    rows = store.read(lambda connection: connection.execute(query).all())
    return [SampleRow(r.title, r.source, r.reference, r.output) for r in rows]


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The numbers in chunks that fit into a statement."""
    for first in range(0, len(ids), _MOST_NUMBERS):
        yield ids[first : first + _MOST_NUMBERS]
