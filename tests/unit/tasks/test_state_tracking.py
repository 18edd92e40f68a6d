"""State tracking: examples, batches that are gathered, baselines, and words that are no symbols."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from harness_datasets.state_tracking.modular_arithmetic import ModularArithmetic
from harness_datasets.state_tracking.parity import Parity
from harness_tasks.state_tracking import StateTracking

from harness.contract.metric import aggregate
from harness.errors import DataError


def test_an_example_has_symbols_and_a_class_or_nothing_for_each() -> None:
    data = StateTracking(dataset=ModularArithmetic().tiny()).setup()
    example = data.test[0]
    assert data.preprocessing is not None
    np.testing.assert_array_equal(data.preprocessing.encode(example.source), example.input)
    np.testing.assert_array_equal(data.preprocessing.encode_target(example.references[0]), example.target)
    assert (example.target[1::2] == -1).all()  # at operators
    assert example.units["length"] >= len(example.input)
    assert example.units["chance"] == 0.2


def test_guessing_is_at_chance_and_the_majority_near_it() -> None:
    task = StateTracking(dataset=replace(Parity().tiny(), test_examples=400))
    data = task.setup()
    examples = [data.test[i] for i in range(len(data.test))]
    for baseline in task.baselines():
        found = aggregate(task.metrics, task.evaluate(baseline.predict(data, 0), examples))
        assert found["accuracy"] == pytest.approx(50.0, abs=4.0), baseline.name
        assert found["scaled_accuracy"] == pytest.approx(0.0, abs=8.0), baseline.name


@pytest.mark.parametrize(
    ("source", "message"),
    [("0 1 2", "'2' is no symbol of this data; they are 0 1"), (" ", "has at least one"), (7, "is a text")],
)
def test_what_is_no_string_of_symbols_is_refused(source: object, message: str) -> None:
    data = StateTracking(dataset=Parity().tiny()).setup()
    assert data.preprocessing is not None
    with pytest.raises(DataError, match=message):
        data.preprocessing.encode(source)
