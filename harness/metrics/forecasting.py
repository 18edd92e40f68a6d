"""Mean squared and mean absolute error, for `ForecastTarget`, on the train-normalised scale of the target.

In addition to its sum, a row keeps the same sum per step, from which the report draws the error by horizon:

- `steps`: the horizon H.
- `by_step`: the sum of errors over variables at every step, H numbers in order. With more than `MOST_PARTS` steps,
  neighbouring steps are combined into that many parts of equal size (the first H mod `MOST_PARTS` are one step longer,
  as in `numpy.array_split`), so that a forecast of hundreds of steps does not fill the store.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import PluginError
from harness.metrics.ratios import total

MOST_PARTS = 48
"""The maximum length of `by_step`."""


def _difference(prediction: Prediction, example: Example) -> np.ndarray:
    """Prediction minus target, float64 (horizon, dim)."""
    output, target = (
        np.asarray(prediction.output, dtype=np.float64),
        np.asarray(example.target, dtype=np.float64),
    )
    if output.shape != target.shape:  # would silently broadcast
        raise PluginError(
            f"Example '{example.id}': the forecast has shape {output.shape} and the target {target.shape}; "
            "both must be (horizon, dim)."
        )
    return output - target


def _sums(name: str, errors: np.ndarray) -> Statistics:
    """The sum of errors (horizon, dim) as the statistic `name`, and step by step."""
    steps = len(errors)
    parts = np.array_split(errors.reshape(steps, -1).sum(1), min(steps, MOST_PARTS))
    return {
        name: float(errors.sum()),
        "count": int(errors.size),
        "steps": steps,
        "by_step": [float(part.sum()) for part in parts],
    }


def _squared_error(prediction: Prediction, example: Example) -> Statistics:
    return _sums("squared_error", _difference(prediction, example) ** 2)


def _absolute_error(prediction: Prediction, example: Example) -> Statistics:
    return _sums("absolute_error", np.abs(_difference(prediction, example)))


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
