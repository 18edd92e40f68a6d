"""Mean squared and mean absolute error, for `ForecastTarget`, on the train-normalised scale of the target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.batch import Example
from harness.errors import PluginError
from harness.metrics.ratios import total
from harness.task import Metric, Prediction, Statistics


def _difference(prediction: Prediction, example: Example) -> np.ndarray:
    """Prediction minus target, float64 (horizon, dim)."""
    output, target = (
        np.asarray(prediction.output, dtype=np.float64),
        np.asarray(example.target, dtype=np.float64),
    )
    if output.shape != target.shape:  # would broadcast, silently
        raise PluginError(
            f"Example '{example.id}': the forecast has shape {output.shape} and the target {target.shape}; "
            "both must be (horizon, dim)."
        )
    return output - target


def _squared_error(prediction: Prediction, example: Example) -> Statistics:
    difference = _difference(prediction, example)
    return {"squared_error": float((difference**2).sum()), "count": int(difference.size)}


def _absolute_error(prediction: Prediction, example: Example) -> Statistics:
    difference = _difference(prediction, example)
    return {"absolute_error": float(np.abs(difference).sum()), "count": int(difference.size)}


def _mean(rows: Sequence[Statistics], key: str) -> float:
    count = total(rows, "count")
    return total(rows, key) / count if count else math.nan


def _mean_squared(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "squared_error")


def _mean_absolute(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "absolute_error")


MSE = Metric(
    name="mse",
    unit="sd²",
    higher_is_better=False,
    statistics=_squared_error,
    aggregate=_mean_squared,
    description="Mean squared error over steps and variables, in variances of the training split.",
)

MAE = Metric(
    name="mae",
    unit="sd",
    higher_is_better=False,
    statistics=_absolute_error,
    aggregate=_mean_absolute,
    description="Mean absolute error over steps and variables, in standard deviations of the training split.",
)
