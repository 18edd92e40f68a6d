"""Classification metrics against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, top_k_accuracy_score
from sklearn.metrics import confusion_matrix as sklearn_confusion

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.errors import PluginError
from harness.metrics.classification import ACCURACY, CALIBRATION_ERROR, MACRO_F1, TOP_5_ACCURACY, confusion_matrix

pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)


def _value(metric, predictions, examples):
    rows = [metric.statistics(p, e) for p, e in zip(predictions, examples, strict=True)]
    return metric.aggregate(rows)


def _data(answers):
    examples = [Example(str(i), None, np.int64(actual)) for i, (actual, _) in enumerate(answers)]
    predictions = [Prediction(str(i), predicted) for i, (_, predicted) in enumerate(answers)]
    return predictions, examples


@settings(deadline=None, max_examples=50)
@given(pairs)
def test_accuracy_and_macro_f1_equal_sklearn(answers):
    actual, predicted = zip(*answers, strict=True)
    assert _value(ACCURACY, *_data(answers)) == pytest.approx(100 * accuracy_score(actual, predicted), abs=1e-9)
    expected = 100 * f1_score(actual, predicted, average="macro", zero_division=0)
    assert _value(MACRO_F1, *_data(answers)) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(pairs, st.randoms())
def test_aggregates_do_not_depend_on_order(answers, random):
    shuffled = random.sample(answers, len(answers))
    for metric in (ACCURACY, MACRO_F1):
        assert _value(metric, *_data(answers)) == _value(metric, *_data(shuffled))


@settings(deadline=None, max_examples=50)
@given(pairs)
def test_confusion_matrix_equals_sklearn(answers):
    actual, predicted = zip(*answers, strict=True)
    names = [f"class {k}" for k in range(7)]
    chart = confusion_matrix(*_data(answers), names)
    assert chart["labels"] == names
    assert chart["matrix"] == sklearn_confusion(actual, predicted, labels=range(7)).tolist()


def test_confusion_matrix_refuses_a_class_without_a_name():
    with pytest.raises(ValueError, match=r"'0' is of class 2.*2 names"):
        confusion_matrix(*_data([(2, 0)]), ["a", "b"])


def test_top_5_equals_sklearn_on_many_classes():
    scores = np.random.default_rng(0).normal(size=(200, 9))
    actual = np.arange(200) % 9
    examples = [Example(str(i), None, int(k)) for i, k in enumerate(actual)]
    predictions = [Prediction(str(i), int(s.argmax()), scores=tuple(s.tolist())) for i, s in enumerate(scores)]
    expected = 100 * top_k_accuracy_score(actual, scores, k=5)
    assert _value(TOP_5_ACCURACY, predictions, examples) == pytest.approx(expected)


def test_top_5_with_three_classes_is_always_right():
    assert _value(TOP_5_ACCURACY, [Prediction("a", 0, scores=(-0.1, -3.0, -4.0))], [Example("a", None, 2)]) == 100.0


def test_top_5_gives_ties_to_the_lower_classes():
    examples = [Example(str(k), None, k) for k in range(7)]
    predictions = [Prediction(str(k), 0, scores=(-1.0,) * 7) for k in range(7)]
    hits = [TOP_5_ACCURACY.statistics(p, e)["correct"] for p, e in zip(predictions, examples, strict=True)]
    assert hits == [1, 1, 1, 1, 1, 0, 0]


def test_top_5_without_scores_has_one_candidate():
    examples = [Example("a", None, 3), Example("b", None, 3)]
    assert _value(TOP_5_ACCURACY, [Prediction("a", 3), Prediction("b", 1)], examples) == 50.0


def test_top_5_of_a_diverged_model_is_no_hit():
    nan = (math.nan,) * 8
    assert _value(TOP_5_ACCURACY, [Prediction("a", 0, scores=nan)], [Example("a", None, 0)]) == 0.0


def test_top_5_names_an_example_whose_class_has_no_score():
    with pytest.raises(PluginError, match=r"'a' is of class 3.*scores 2 classes"):
        TOP_5_ACCURACY.statistics(Prediction("a", 0, scores=(-1.0, -1.0)), Example("a", None, 3))


def test_an_empty_corpus_is_nan():
    assert all(math.isnan(v) for v in aggregate((ACCURACY, TOP_5_ACCURACY, MACRO_F1), []).values())
    assert math.isnan(ACCURACY.aggregate([]))
    assert math.isnan(MACRO_F1.aggregate([]))


def _sure(log_probabilities, actual):
    """Predictions with all probabilities, and their examples."""
    best = log_probabilities.argmax(1)
    predictions = [
        Prediction(str(i), int(k), scores=tuple(row.tolist()))
        for i, (k, row) in enumerate(zip(best, log_probabilities, strict=True))
    ]
    return predictions, [Example(str(i), None, int(k)) for i, k in enumerate(actual)]


@pytest.mark.parametrize("classes", [2, 7])
def test_calibration_error_equals_torchmetrics(classes):
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    scores = torch.log_softmax(torch.tensor(np.random.default_rng(classes).normal(0, 2, (300, classes))), 1)
    actual = np.random.default_rng(1).integers(0, classes, 300)
    expected = multiclass_calibration_error(scores.exp(), torch.tensor(actual), classes, n_bins=15, norm="l1")
    found = _value(CALIBRATION_ERROR, *_sure(scores.numpy(), actual))
    assert found == pytest.approx(100 * float(expected), abs=1e-4)


def test_calibration_error_by_hand():
    scores = np.log([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    # Three answers of 0.9 of which two are right, and one of 0.6 that is right: |2 - 2.7| + |1 - 0.6| over 4.
    assert _value(CALIBRATION_ERROR, *_sure(scores, [0, 0, 1, 1])) == pytest.approx(100 * 1.1 / 4)


def test_an_answer_without_probabilities_claims_to_be_certain():
    examples = [Example("a", None, 0), Example("b", None, 1)]
    assert _value(CALIBRATION_ERROR, [Prediction("a", 0), Prediction("b", 0)], examples) == 50.0


def test_calibration_of_a_diverged_model_is_no_number():
    row = CALIBRATION_ERROR.statistics(Prediction("a", 0, scores=(math.nan, math.nan)), Example("a", None, 0))
    assert row == {"bin": None, "confidence": None, "correct": 1}
    assert math.isnan(CALIBRATION_ERROR.aggregate([row]))
    assert math.isnan(CALIBRATION_ERROR.aggregate([]))
