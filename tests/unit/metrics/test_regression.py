"""Errors and R² against scikit-learn's, and what a report makes of their rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.errors import PluginError
from harness.metrics.regression import R_SQUARED, VALUE_MAE, VALUE_MSE
from harness.report.statistics import corpus

METRICS = (VALUE_MSE, VALUE_MAE, R_SQUARED)


@pytest.mark.parametrize(("rows", "dim"), [(2, 1), (30, 1), (30, 3)])
def test_values_are_scikit_learns_and_a_reports(rows: int, dim: int) -> None:
    draw = np.random.default_rng(rows + dim)
    actual = draw.normal(size=(rows, dim)).astype(np.float32)
    predicted = actual + 0.3 * draw.normal(size=(rows, dim))
    kept = [
        {m.name: m.statistics(Prediction("a", p.tolist()), Example("a", None, t)) for m in METRICS}
        for p, t in zip(predicted, actual, strict=True)
    ]
    found = aggregate(METRICS, kept)
    assert found["mse"] == pytest.approx(mean_squared_error(actual, predicted))
    assert found["mae"] == pytest.approx(mean_absolute_error(actual, predicted))
    assert found["r2"] == pytest.approx(r2_score(actual.astype(float), predicted))
    for name, value in found.items():
        mine = [row[name] for row in kept]
        formula = corpus.formula_of(mine)
        assert formula is not None
        assert corpus.matches(formula, corpus.tabulate(formula, {"a": mine})[0]["a"], value)


def test_a_target_that_never_varies_has_no_r2() -> None:
    rows = [R_SQUARED.statistics(Prediction("a", [0.5]), Example("a", None, np.ones(1))) for _ in range(3)]
    assert np.isnan(R_SQUARED.aggregate(rows))


def test_a_prediction_of_another_shape_is_named() -> None:
    with pytest.raises(PluginError, match=r"'a': the prediction has shape \(1,\) and the target \(2,\)"):
        VALUE_MSE.statistics(Prediction("a", [1.0]), Example("a", None, np.zeros(2)))
