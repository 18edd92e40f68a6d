"""Metrics of several labels an example against scikit-learn's, and what a report makes of their rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score, hamming_loss

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.errors import PluginError
from harness.metrics.multi_label import HAMMING_LOSS, LABEL_MACRO_F1, MICRO_F1, SUBSET_ACCURACY
from harness.report.statistics import corpus

METRICS = (MICRO_F1, LABEL_MACRO_F1, SUBSET_ACCURACY, HAMMING_LOSS)
tables = arrays(np.int64, st.tuples(st.just(2), st.integers(1, 6), st.integers(2, 4)), elements=st.integers(0, 1))


@given(tables)
def test_values_are_scikit_learns_and_a_reports(both: np.ndarray) -> None:
    predicted, actual = both
    rows = [
        {m.name: m.statistics(Prediction("a", p.tolist()), Example("a", None, t)) for m in METRICS}
        for p, t in zip(predicted, actual, strict=True)
    ]
    found = aggregate(METRICS, rows)
    seen = (predicted + actual).any(0)  # a label that never occurs is no zero
    assert found["subset_accuracy"] == pytest.approx(100 * accuracy_score(actual, predicted))
    assert found["hamming_loss"] == pytest.approx(100 * hamming_loss(actual, predicted))
    if seen.any():
        assert found["micro_f1"] == pytest.approx(100 * f1_score(actual, predicted, average="micro"))
        each = f1_score(actual, predicted, average=None, zero_division=0)
        assert found["macro_f1"] == pytest.approx(100 * each[seen].mean())
    for name, value in found.items():
        mine = [row[name] for row in rows]
        formula = corpus.formula_of(mine)
        assert formula is not None
        tables, _ = corpus.tabulate(formula, {"a": mine})
        with np.errstate(invalid="ignore"):
            assert float(formula.score(tables["a"].sum(0))) == pytest.approx(value, nan_ok=True)


def test_a_prediction_of_another_shape_is_named() -> None:
    with pytest.raises(PluginError, match=r"'a': the prediction has shape \(1,\) and the target \(2,\)"):
        MICRO_F1.statistics(Prediction("a", [1]), Example("a", None, np.array([1, 0])))
