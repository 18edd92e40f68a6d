"""Squared and absolute error of a number for a whole series, at the lengths of the test and of training.

`Prediction.output` and `Example.target` are (1,) or (dim,), in units of the data. `Example.units` has the keys of
`harness.metrics.masked_tagging`: which part of the test an example belongs to, and its length.
"""

from __future__ import annotations

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.metrics.masked_tagging import BEYOND, LENGTH, WITHIN
from harness.metrics.regression import VALUE_MAE, VALUE_MSE


def _squared(prediction: Prediction, example: Example, left_out: str) -> Statistics:
    length = int(example.units.get(LENGTH, 0))
    if example.units.get(left_out):
        return {"squared_error": 0.0, "count": 0, "length": length}
    return {**VALUE_MSE.statistics(prediction, example), "length": length}


def _squared_beyond(prediction: Prediction, example: Example) -> Statistics:
    return _squared(prediction, example, WITHIN)


def _squared_within(prediction: Prediction, example: Example) -> Statistics:
    return _squared(prediction, example, BEYOND)


def _absolute_beyond(prediction: Prediction, example: Example) -> Statistics:
    if example.units.get(WITHIN):
        return {"absolute_error": 0.0, "count": 0}
    return VALUE_MAE.statistics(prediction, example)


SERIES_MSE = Metric(
    name="mse",
    unit="unit²",
    higher_is_better=False,
    statistics=_squared_beyond,
    aggregate=VALUE_MSE.aggregate,
    description="Mean squared error over the test lengths, in squared units of the data.",
)

SERIES_MSE_IN_RANGE = Metric(
    name="mse_in_range",
    unit="unit²",
    higher_is_better=False,
    statistics=_squared_within,
    aggregate=VALUE_MSE.aggregate,
    description="Mean squared error on unseen series of the training lengths, in squared units of the data.",
)

SERIES_MAE = Metric(
    name="mae",
    unit="unit",
    higher_is_better=False,
    statistics=_absolute_beyond,
    aggregate=VALUE_MAE.aggregate,
    description="Mean absolute error over the test lengths, in units of the data.",
)
