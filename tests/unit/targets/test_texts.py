"""Figures are shown in units of the data, and where a task writes no texts, the target's are stored."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.contract.batch import Example, ListSplit
from harness.contract.metric import Prediction
from harness.contract.specs import FrameInput
from harness.contract.task import TaskData
from harness.targets import ClassTarget, ForecastTarget
from harness.targets.forecast import decimals
from harness.training.evaluate import judge
from harness.training.prediction_rows import prediction_rows

WARMTH = ForecastTarget(3, 1, means=(13.0,), deviations=(5.0,), units=("°C",))


def test_a_forecast_reads_in_units_of_the_data() -> None:
    assert WARMTH.text([[-0.14], [-0.02], [0.08]]) == "12.3, 12.9, 13.4 °C"
    assert WARMTH.text(np.array([0.0, 1.0], np.float32)) == "13.0, 18.0 °C"  # an input of two steps


def test_each_variable_has_its_name_unit_and_decimals() -> None:
    two = ForecastTarget(2, 2, ("temperature", "pressure"), (13.0, 1012.0), (5.0, 100.0), ("°C", "hPa"))
    assert two.text([[0.0, 0.0], [1.0, 0.01]]) == "temperature 13.0, 18.0 °C; pressure 1012, 1013 hPa"


def test_without_a_scale_it_is_the_normalised_one() -> None:
    assert ForecastTarget(2, 1).text([[0.123], [-1.0]]) == "0.12, -1.00"


def test_a_long_forecast_is_shortened_and_says_so() -> None:
    text = ForecastTarget(40, 9).text(np.arange(40).repeat(9).reshape(40, 9))
    first, *_, last = text.split("; ")
    assert first == "0.00, 1.00, 2.00, 3.00, 4.00, 5.00, …, 35.00, 36.00, 37.00, 38.00, 39.00"
    assert last == "and 3 more variables"


def test_a_scale_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="units of a ForecastTarget must be empty or have dim=2 entries"):
        ForecastTarget(3, 2, units=("°C",))


@pytest.mark.parametrize(
    ("deviation", "places"), [(0.002, 5), (1, 2), (10, 1), (100, 0), (1e6, 0), (0, 2), (np.inf, 2)]
)
def test_decimals_follow_the_deviation(deviation: float, places: int) -> None:
    assert decimals(deviation) == places


@pytest.mark.parametrize(
    ("target", "value", "output", "texts"),
    [
        (WARMTH, np.zeros((3, 1), np.float32), [[1.0]] * 3, ("13.0, 13.0, 13.0 °C", "18.0, 18.0, 18.0 °C")),
        (ClassTarget(2, ("no", "yes")), 1, 0, ("yes", "no")),
    ],
)
def test_texts_that_nobody_wrote_are_the_targets(target, value, output, texts) -> None:
    example = Example("a", np.zeros((2, 1), np.float32), value)
    assert _stored(target, example, Prediction("a", output)) == texts
    written = replace(example, references=("mine",))
    assert _stored(target, written, Prediction("a", output, "yours")) == ("mine", "yours")


def _stored(target, example, prediction):
    """Reference and output of the row that the store gets."""
    split = ListSplit([example])
    data = TaskData(split, split, split, FrameInput(1), target)
    task = SimpleNamespace(metrics=(), evaluate=lambda predictions, examples: [{} for _ in predictions])
    (row,) = prediction_rows(data, judge(task, data, split, [prediction]))
    return row.reference, row.output
