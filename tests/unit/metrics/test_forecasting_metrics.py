"""Forecast errors against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.errors import PluginError
from harness.metrics.forecasting import MAE, MOST_PARTS, MSE


def test_errors_equal_sklearn_in_any_order():
    random = np.random.default_rng(0)
    target = random.normal(size=(20, 4, 3)).astype(np.float32)
    output = random.normal(size=(20, 4, 3)).astype(np.float32)
    for metric, reference in ((MSE, mean_squared_error), (MAE, mean_absolute_error)):
        rows = [
            metric.statistics(Prediction(str(i), o.tolist()), Example(str(i), None, t))
            for i, (o, t) in enumerate(zip(output, target, strict=True))
        ]
        expected = reference(target.astype(np.float64).ravel(), output.astype(np.float64).ravel())
        assert metric.aggregate(rows) == pytest.approx(expected, rel=1e-12)
        assert metric.aggregate(rows[::-1]) == metric.aggregate(rows)


def test_the_sum_is_kept_step_by_step():
    output = [[1.0, -1.0], [2.0, 0.0], [-3.0, 1.0]]
    example = Example("a", None, np.zeros((3, 2), dtype=np.float32))
    squared = MSE.statistics(Prediction("a", output), example)
    absolute = MAE.statistics(Prediction("a", output), example)
    assert squared == {"squared_error": 16.0, "count": 6, "steps": 3, "by_step": [2.0, 4.0, 10.0]}
    assert absolute == {"absolute_error": 8.0, "count": 6, "steps": 3, "by_step": [2.0, 2.0, 4.0]}


@pytest.mark.parametrize("steps", [1, MOST_PARTS, MOST_PARTS + 1, 10 * MOST_PARTS + 7])
def test_neighbouring_steps_of_a_long_horizon_share_a_number(steps: int):
    errors = np.random.default_rng(1).normal(size=(steps, 2))
    row = MAE.statistics(Prediction("a", errors.tolist()), Example("a", None, np.zeros_like(errors)))
    parts = np.array_split(np.abs(errors), min(steps, MOST_PARTS))
    assert row["steps"] == steps
    assert row["by_step"] == pytest.approx([part.sum() for part in parts])


def test_a_forecast_of_another_shape_is_refused_rather_than_broadcast():
    example = Example("hour-5", None, np.zeros((4, 3), dtype=np.float32))
    with pytest.raises(PluginError, match=r"'hour-5'.*\(1, 3\).*\(4, 3\)"):
        MSE.statistics(Prediction("hour-5", [[0.0, 0.0, 0.0]]), example)
