"""Errors of forecasts, for `ForecastTarget`: squared, absolute, scaled, in per cent, and of quantiles.

A prediction is (horizon, dim), or (horizon, dim, Q) where quantiles were asked for; the median, which stands in the
middle, is then the point forecast. MSE, MAE and CRPS are on the train-normalised scale of the target. MASE (Hyndman and
Koehler 2006, "Another look at measures of forecast accuracy") and sMAPE (the definition of the M4 competition, 0 to
200 %) need to know the scale of the data: their examples are `ForecastExample`.

In addition to its sum, a row keeps the same sum per step, from which the report draws the error by horizon:

- `steps`: the horizon H.
- `by_step`: the sum of errors over variables at every step, H numbers in order. With more than `MOST_PARTS` steps,
  neighbouring steps are combined into that many parts of equal size (the first H mod `MOST_PARTS` are one step longer,
  as in `numpy.array_split`), so that a forecast of hundreds of steps does not fill the store.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import PluginError
from harness.metrics.ratios import total

MOST_PARTS = 48
"""The maximum length of `by_step`."""


@dataclass(frozen=True, eq=False)
class VariableScales:
    """What the training split says of the scale of each variable.

    Attributes:
        means, deviations: (dim,), by which targets were normalised.
        seasonal: (dim,), the mean absolute error of repeating the last season, on the normalised scale.
        quantiles: that forecasts have; empty: they are points.
    """

    means: np.ndarray
    deviations: np.ndarray
    seasonal: np.ndarray
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True)
class ForecastExample(Example):
    """A window of a series, with the scale of its variables.

    Attributes:
        scales: shared by all examples of a task; None: not known.
    """

    scales: VariableScales | None = None


def _scales(example: Example) -> VariableScales:
    found = example.scales if isinstance(example, ForecastExample) else None
    if found is None:
        raise PluginError(f"Example '{example.id}' has no scales; MASE, sMAPE and CRPS need a ForecastExample.")
    return found


def _difference(prediction: Prediction, example: Example) -> np.ndarray:
    """Point forecast minus target, float64 (horizon, dim)."""
    output, target = (
        np.asarray(prediction.output, dtype=np.float64),
        np.asarray(example.target, dtype=np.float64),
    )
    if output.ndim == target.ndim + 1:
        output = output[..., output.shape[-1] // 2]
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


def _scaled_error(prediction: Prediction, example: Example) -> Statistics:
    errors = np.abs(_difference(prediction, example)) / _scales(example).seasonal
    return {"scaled_error": float(errors.sum()), "count": int(errors.size)}


def _percentage_error(prediction: Prediction, example: Example) -> Statistics:
    scales = _scales(example)
    target = scales.means + scales.deviations * np.asarray(example.target, dtype=np.float64)
    output = target + scales.deviations * _difference(prediction, example)
    size = np.abs(target) + np.abs(output)
    shares = np.divide(200 * np.abs(output - target), size, out=np.zeros_like(size), where=size > 0)
    return {"percentage_error": float(shares.sum()), "count": int(shares.size)}


def _quantile_error(prediction: Prediction, example: Example) -> Statistics:
    target, output = (np.asarray(a, dtype=np.float64) for a in (example.target, prediction.output))
    if output.ndim == target.ndim:  # all mass on one point
        errors = np.abs(_difference(prediction, example))
    else:
        level, error = np.array(_scales(example).quantiles), target[..., None] - output
        errors = 2 * np.maximum(level * error, (level - 1) * error).mean(-1)  # (horizon, dim)
    return {"quantile_error": float(errors.sum()), "count": int(errors.size)}


def _mean(rows: Sequence[Statistics], key: str) -> float:
    count = total(rows, "count")
    return total(rows, key) / count if count else math.nan


def _mean_squared(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "squared_error")


def _mean_absolute(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "absolute_error")


def _mean_scaled(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "scaled_error")


def _mean_percentage(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "percentage_error")


def _mean_quantile(rows: Sequence[Statistics]) -> float:
    return _mean(rows, "quantile_error")


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

MASE = Metric(
    name="mase",
    unit="seasonal errors",
    higher_is_better=False,
    statistics=_scaled_error,
    aggregate=_mean_scaled,
    description="Mean absolute error, of each variable in units of the error of repeating the last season in training; "
    "1 is as good as that.",
)

SMAPE = Metric(
    name="smape",
    unit="%",
    higher_is_better=False,
    statistics=_percentage_error,
    aggregate=_mean_percentage,
    description="Symmetric mean absolute percentage error in units of the data, from 0 to 200 %; 0 where forecast and "
    "truth are both 0. It says little of variables around 0.",
)

CRPS = Metric(
    name="crps",
    unit="sd",
    higher_is_better=False,
    statistics=_quantile_error,
    aggregate=_mean_quantile,
    description="Continuous ranked probability score, approximated by twice the mean pinball loss of the quantiles; "
    "of a point forecast it is the mean absolute error.",
)
