"""The adding problem: sums of what is marked, two parts of the test, and errors in units of the data."""

from __future__ import annotations

import numpy as np
import pytest
from harness_datasets.series_regression.adding import Adding
from harness_tasks.series_regression import SeriesRegression

from harness.contract.metric import Prediction, aggregate
from harness.errors import DataError


@pytest.mark.parametrize("places", ["halves", "anywhere"])
def test_the_answer_is_the_sum_of_the_marked_numbers(places: str) -> None:
    raw = Adding(places=places).tiny().read()
    in_halves = []
    for one in (*raw.train, *raw.val, *raw.test):
        values = one.input.tolist()
        marked = [n for n, (_, mark) in enumerate(values) if mark == 1.0]
        assert len(marked) == 2
        assert {mark for _, mark in values} == {0.0, 1.0}
        assert one.target == pytest.approx(values[marked[0]][0] + values[marked[1]][0], rel=1e-6)
        in_halves.append(marked[0] < len(values) // 2 <= marked[1])
    assert all(in_halves) == (places == "halves")


def test_numbers_are_uniform_and_so_the_mean_has_an_error_of_a_sixth() -> None:
    generator = np.random.default_rng(0)
    sums = np.array([Adding().draw(20, generator)[1] for _ in range(4000)])
    assert sums.mean() == pytest.approx(1.0, abs=0.03)
    assert sums.var() == pytest.approx(1 / 6, abs=0.01)


def test_errors_of_the_two_parts_of_the_test_are_told_apart() -> None:
    task = SeriesRegression(dataset=Adding().tiny())
    data = task.setup()
    examples = [data.test[i] for i in range(len(data.test))]
    off = [0.5 if example.units.get("beyond") else 0.1 for example in examples]
    answers = [Prediction(e.id, [float(e.target[0]) + by]) for e, by in zip(examples, off, strict=True)]
    found = aggregate(task.metrics, task.evaluate(answers, examples))
    assert found == pytest.approx({"mse": 0.25, "mse_in_range": 0.01, "mae": 0.5}, rel=1e-5)
    assert {e.units["length"] for e in examples if e.units.get("beyond")} <= set(range(11, 15))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([[0.1, 1.0]], r"takes a series: an array \(T, 2\), or the path .*, not list"),
        (np.zeros((3, 1)), r"shape \(3, 1\) is no series"),
        (np.full((3, 2), np.nan), "must be finite"),
    ],
)
def test_what_is_no_series_is_refused(source: object, message: str) -> None:
    data = SeriesRegression(dataset=Adding().tiny()).setup()
    assert data.preprocessing is not None
    with pytest.raises(DataError, match=message):
        data.preprocessing.encode(source)
