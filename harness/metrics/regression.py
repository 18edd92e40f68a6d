"""Mean squared error, mean absolute error and R², for targets that are a few numbers an example.

`Prediction.output` and `Example.target` are (dim,), on the train-normalised scale of the target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import PluginError
from harness.metrics.ratios import total


def _both(prediction: Prediction, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and actual values, float64 (dim,) each."""
    output, target = np.asarray(prediction.output, np.float64), np.asarray(example.target, np.float64)
    if output.shape != target.shape:  # would broadcast, silently
        raise PluginError(
            f"Example '{example.id}': the prediction has shape {output.shape} and the target {target.shape}; "
            "both must be (dim,)."
        )
    return output, target


def _squared_error(prediction: Prediction, example: Example) -> Statistics:
    output, target = _both(prediction, example)
    return {"squared_error": float(((output - target) ** 2).sum()), "count": target.size}


def _absolute_error(prediction: Prediction, example: Example) -> Statistics:
    output, target = _both(prediction, example)
    return {"absolute_error": float(np.abs(output - target).sum()), "count": target.size}


def _residuals(prediction: Prediction, example: Example) -> Statistics:
    output, target = _both(prediction, example)
    return {
        "residual": ((output - target) ** 2).tolist(),
        "value": target.tolist(),
        "square": (target**2).tolist(),
    }


def _mean(rows: Sequence[Statistics], key: str) -> float:
    count = total(rows, "count")
    return total(rows, key) / count if count else math.nan


def _mean_squared(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "squared_error")


def _mean_absolute(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "absolute_error")


def _r_squared(rows: Sequence[Statistics]) -> float:
    columns = ([math.fsum(c) for c in zip(*(r[k] for r in rows), strict=True)] for k in ("residual", "value", "square"))
    scores = []
    for residual, value, square in zip(*columns, strict=True):
        spread = square - value**2 / len(rows)
        if spread <= 0:  # a value that never varies has nothing to be explained
            return math.nan
        scores.append(1 - residual / spread)
    return math.fsum(scores) / len(scores)


VALUE_MSE = Metric(
    name="mse",
    unit="sd²",
    higher_is_better=False,
    statistics=_squared_error,
    aggregate=_mean_squared,
    description="Mean squared error over values, in variances of the training split.",
)

VALUE_MAE = Metric(
    name="mae",
    unit="sd",
    higher_is_better=False,
    statistics=_absolute_error,
    aggregate=_mean_absolute,
    description="Mean absolute error over values, in standard deviations of the training split.",
)

R_SQUARED = Metric(
    name="r2",
    unit="of variance",
    higher_is_better=True,
    statistics=_residuals,
    aggregate=_r_squared,
    description="Share of the variance of the test targets that is explained, averaged over values.",
    margin=0.005,
)
