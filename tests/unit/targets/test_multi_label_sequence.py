"""Sets of labels at every step: the loss against torch's, frame accuracy against its definition, and samples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.errors import PluginError
from harness.metrics.label_steps import FRAME_ACCURACY, NLL_PER_STEP
from harness.targets import MultiLabelSequenceTarget

TARGET = MultiLabelSequenceTarget(("a", "b", "c"))


def test_the_loss_is_the_sum_of_binary_cross_entropies_of_valid_steps() -> None:
    torch.manual_seed(0)
    outputs, targets = torch.randn(2, 4, 3), torch.randint(0, 2, (2, 4, 3))
    lengths = torch.tensor([4, 2])
    rows = TARGET.loss_rows(outputs, lengths, targets, lengths)
    for row, n in enumerate((4, 2)):
        probabilities = torch.sigmoid(outputs[row, :n])
        expected = functional.binary_cross_entropy(probabilities, targets[row, :n].float(), reduction="sum")
        assert rows[row].item() == pytest.approx(expected.item(), rel=1e-5)
    assert TARGET.loss_counts(targets, lengths).tolist() == [4, 2]


def test_likelihood_counts_steps_and_frame_accuracy_counts_labels() -> None:
    actual = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]])
    examples = [Example("x", None, actual), Example("y", None, actual[:1])]
    predictions = [
        Prediction("x", [[1, 0, 0], [0, 0, 1], [0, 1, 0]], nats=6.0, count=3),
        Prediction("y", [[1, 1, 0]], nats=4.0, count=1),
    ]
    metrics = (NLL_PER_STEP, FRAME_ACCURACY)
    rows = [{m.name: m.statistics(p, e) for m in metrics} for p, e in zip(predictions, examples, strict=True)]
    found = aggregate(metrics, rows)
    assert found["nll"] == 10 / 4
    assert found["frame_accuracy"] == pytest.approx(100 * 4 / 6)
    with pytest.raises(PluginError, match="has shape"):
        FRAME_ACCURACY.statistics(Prediction("x", [[1, 0, 0]]), examples[0])


def test_texts_name_the_labels_of_each_step() -> None:
    assert TARGET.text([[1, 0, 1], [0, 0, 0]]) == "a+c -"


@pytest.mark.parametrize("carries", [False, True])
def test_samples_continue_a_beginning_with_no_more_labels_than_it_has(carries: bool) -> None:
    class Echo(torch.nn.Module):
        """Answers that all labels sound after a step in which any does."""

        capabilities = SimpleNamespace(carries_state=carries)

        def __init__(self) -> None:
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, given, lengths, state=None):
            sounding = given.amax(2, keepdim=True).expand_as(given)
            return 16 * sounding - 8 + torch.tensor([0.0, 80.0, 40.0]), lengths, state

    decoding = SimpleNamespace(sample_length=3, temperature=1.0)
    target = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]])
    (made,) = TARGET.samples(Echo(), [Example("x", None, target)], decoding, torch.Generator().manual_seed(0))
    assert made.beginning == "a a+b"
    assert made.text == "b+c b+c b+c"
    assert made.output == [[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 1, 1], [0, 1, 1]]
