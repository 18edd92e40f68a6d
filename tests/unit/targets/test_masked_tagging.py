"""Classes at asked positions: the loss, its count, and the metrics, against values worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from harness.contract.batch import Batch, Example
from harness.contract.metric import Prediction, aggregate
from harness.targets import MaskedTaggingTarget
from harness.targets.masked_tagging import MANY

TARGET = MaskedTaggingTarget(3, ("a", "b", "c"))


def test_the_loss_and_its_count_cover_asked_positions_alone() -> None:
    torch.manual_seed(0)
    outputs = torch.randn(2, 5, 3)
    targets = torch.tensor([[-1, 2, -1, 0, 1], [1, -1, 2, 2, 2]])  # the last two of the second row are padding
    lengths = torch.tensor([5, 3])
    rows = TARGET.loss_rows(outputs, lengths, targets, lengths)
    asked = [[1, 3, 4], [0, 2]]
    for row, places in enumerate(asked):
        expected = functional.cross_entropy(outputs[row, places], targets[row, places], reduction="sum")
        assert rows[row].item() == pytest.approx(expected.item(), rel=1e-6)
    assert TARGET.loss_counts(targets, lengths).tolist() == [3, 2]


def test_the_training_loss_of_many_classes_is_that_of_all_logits_with_its_gradients() -> None:
    torch.manual_seed(0)
    target = MaskedTaggingTarget(MANY)
    features, head = torch.randn(3, 6, 4, requires_grad=True), torch.nn.Linear(4, MANY)
    targets = torch.where(torch.rand(3, 6) < 0.5, torch.randint(0, MANY, (3, 6)), -1)
    lengths = torch.tensor([6, 4, 5])
    batch = Batch(("a", "b", "c"), features.detach(), lengths, targets, lengths)
    found = target.training_loss(head, features, lengths, batch, 0.1)
    (gradient,) = torch.autograd.grad(found[0], features)
    total, count = target.loss_sum(head(features), lengths, targets, lengths, label_smoothing=0.1)
    (wanted,) = torch.autograd.grad(total / count, features)
    torch.testing.assert_close(found, (total / count, total, count))
    torch.testing.assert_close(gradient, wanted)


def test_what_is_wrong_with_a_target_is_said() -> None:
    assert TARGET.problem(np.array([0, -1, 2]), 3) is None
    assert TARGET.problem(np.array([-1, -1]), 2) == "nothing is asked"
    assert TARGET.problem(np.array([0, 3]), 2) == "target 3 is not under 3"
    assert TARGET.problem(np.array([0, 1]), 3) == "2 classes for 3 frames"
    with pytest.raises(ValueError, match="num_classes=3 entries"):
        MaskedTaggingTarget(3, ("a",))


def scores(*answered: tuple[list[int], list[int], dict[str, float]]) -> dict[str, float]:
    """Metrics of (answers, right ones, units)."""
    rows = []
    for i, (output, target, units) in enumerate(answered):
        prediction, example = Prediction(f"e{i}", output), Example(f"e{i}", None, np.array(target), units=units)
        rows.append({m.name: m.statistics(prediction, example) for m in TARGET.metrics()})
    return aggregate(TARGET.metrics(), rows)


def test_accuracy_beyond_and_at_training_lengths_are_told_apart() -> None:
    half: Any = {"chance": 0.5}
    found = scores(
        ([0, 1, 1], [0, -1, 1], half | {"beyond": 1.0}),
        ([0, 0, 0, 0], [0, 1, 1, -1], half | {"beyond": 1.0}),
        ([1], [1], half | {"within": 1.0}),
    )
    assert found["accuracy"] == pytest.approx(100 * 3 / 5)
    assert found["accuracy_in_range"] == 100.0
    assert found["scaled_accuracy"] == pytest.approx(100 * (3 / 5 - 1 / 2) / (1 - 1 / 2))
    assert found["sequence_accuracy"] == 50.0


def test_validation_examples_count_for_every_metric_and_missing_answers_are_wrong() -> None:
    found = scores(([1], [1, 1], {}))
    assert found == {"accuracy": 50.0, "accuracy_in_range": 50.0, "scaled_accuracy": 50.0, "sequence_accuracy": 0.0}
