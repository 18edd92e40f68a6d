"""What `harness predict --json` says of answers: names, and figures in units of the data."""

from __future__ import annotations

import math

import pytest

from harness.contract.target import Answer
from harness.targets import ClassTarget, ForecastTarget, MultiLabelTarget, RegressionTarget, TokenSequenceTarget


def test_classes_and_labels_have_probabilities_by_name() -> None:
    scores = (math.log(0.25), math.log(0.75))
    assert ClassTarget(2, ("no", "yes")).details(Answer(1, scores))["probabilities"] == pytest.approx(
        {"no": 0.25, "yes": 0.75}
    )
    assert list(ClassTarget(2).details(Answer(1, scores))["probabilities"]) == ["0", "1"]
    labels = MultiLabelTarget(("a", "b")).details(Answer([0, 1], scores))
    assert labels["probabilities"] == pytest.approx({"a": 0.25, "b": 0.75})


def test_numbers_are_in_units_of_the_data() -> None:
    target = RegressionTarget(2, ("height", "weight"), (170.0, 70.0), (10.0, 5.0))
    assert target.details(Answer([1.0, -2.0])) == {"values": {"height": 180.0, "weight": 60.0}}
    assert RegressionTarget(1).details(Answer([0.5])) == {"values": [0.5]}


def test_forecasts_are_by_variable_with_their_quantiles() -> None:
    plain = ForecastTarget(2, 2, ("a", "b"), (10.0, 0.0), (2.0, 1.0))
    assert plain.details(Answer([[0.0, 1.0], [1.0, 2.0]])) == {"forecast": {"a": [10.0, 12.0], "b": [1.0, 2.0]}}
    quantiles = ForecastTarget(2, 1, ("a",), (10.0,), (2.0,), quantiles=(0.1, 0.5, 0.9))
    told = quantiles.details(Answer([[[-1.0, 0.0, 1.0]], [[0.0, 1.0, 2.0]]]))
    assert told["forecast"] == {"a": [10.0, 12.0]}
    assert told["quantiles"] == {"0.1": {"a": [8.0, 10.0]}, "0.5": {"a": [10.0, 12.0]}, "0.9": {"a": [12.0, 14.0]}}


def test_a_target_that_says_nothing_has_its_scores() -> None:
    target = TokenSequenceTarget(12)
    assert target.details(Answer([3, 4])) == {}
    assert target.details(Answer([3, 4], (-0.5,))) == {"scores": [-0.5]}
