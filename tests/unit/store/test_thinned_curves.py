"""Curves thinned by the database: the same points as thinning by hand, first and last among them."""

from __future__ import annotations

import math
import os

import pytest

from harness.store.records import MetricRow
from harness.store.thinned_curves import thinned_curves


@pytest.fixture
def ids(store, make_plan, environment) -> list[int]:
    """Runs whose curves have 1, 7, 10, 100 and 0 points."""
    made = []
    for seed, length in enumerate((1, 7, 10, 100, 0)):
        run_id = store.start(make_plan(seed=seed), environment, owner_pid=os.getpid())
        rows = [MetricRow("val/loss", 3 * i + 1, i / 7, 0.0, i, 0.1 * i) for i in range(length)]
        store.log_metrics(run_id, [*rows, *(MetricRow("train/loss", r.step, -r.value, 0.0, 0, 0.0) for r in rows)])
        made.append(run_id)
    return made


@pytest.mark.parametrize("points", [2, 4, 10, 60])
def test_a_curve_keeps_every_kth_point_and_the_last(store, ids, points: int):
    found = thinned_curves(store, ids, points)
    assert set(found) == set(ids[:-1])
    for run_id, length in zip(ids, (1, 7, 10, 100), strict=False):
        everything = [(3 * i + 1, i / 7) for i in range(length)]
        stride = next(2**i for i in range(9) if length <= points or math.ceil(length / 2**i) < points)
        assert found[run_id]["val/loss"] == sorted({*everything[::stride], everything[-1]})
        assert [x for x, _ in found[run_id]["train/loss"]] == [x for x, _ in found[run_id]["val/loss"]]
        assert len(found[run_id]["val/loss"]) <= points
        assert len(found[run_id]["val/loss"]) >= min(length, points // 2)


@pytest.mark.parametrize(
    "steps",
    [
        [*range(0, 1000, 10), 1003],  # the last one is off the grid
        [*range(50), *range(950, 1001, 1)],  # as many as if they were ten apart
        [0, *range(500, 599), 1000],
        [0, *range(11, 1000, 11), 1000],
    ],
    ids=["odd end", "two crowds", "one crowd", "odd gap"],
)
def test_unevenly_spaced_steps_are_counted(store, make_plan, environment, steps: list[int]):
    run_id = store.start(make_plan(seed=7), environment, owner_pid=os.getpid())
    store.log_metrics(run_id, [MetricRow("val/loss", s, s / 7, 0.0, 0, 0.0) for s in steps])
    stride = next(2**i for i in range(9) if math.ceil(len(steps) / 2**i) < 20)
    wanted = sorted({*steps[::stride], steps[-1]})
    assert thinned_curves(store, [run_id], 20) == {run_id: {"val/loss": [(s, s / 7) for s in wanted]}}


def test_only_the_runs_that_were_asked_for(store, ids):
    assert set(thinned_curves(store, ids[1:2])) == {ids[1]}
    assert thinned_curves(store, []) == {}


def test_what_is_no_number_stays_a_gap(store, make_plan, environment):
    run_id = store.start(make_plan(seed=9), environment, owner_pid=os.getpid())
    values = [1.0, math.nan, math.inf]
    store.log_metrics(run_id, [MetricRow("val/loss", i, v, 0.0, 0, 0.0) for i, v in enumerate(values)])
    (_, first), (_, second), (_, third) = thinned_curves(store, [run_id])[run_id]["val/loss"]
    assert (first, math.isnan(second), third) == (1.0, True, math.inf)
