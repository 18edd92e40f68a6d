"""Clauses of the model contract on independence: a result depends on its own example, not on padding or neighbours.

Axes: B batch, T input time.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from harness.nn import promises
from harness.nn.promises import ComparedPart
from harness.testing.clause import clause
from harness.testing.comparison import near
from harness.testing.model_subject import ModelSubject


@clause(
    "Mask padded positions by `lengths` before anything that mixes positions (harness.nn.masking has length_mask, "
    "zero_padding, reverse_by_length, last_valid), and take the summary at the true length."
)
@torch.no_grad()
def padding_invariance(subject: ModelSubject) -> None:
    """More padding, full of noise, changes no feature, no summary and no output."""
    net, data = subject.shared, subject.batch()
    other = subject.noise((len(data), data.inputs.shape[1] + promises.MORE_PADDING))
    same(promises.padded_again(net, data, promises.whole(net, data), other), "padding changes")


@clause(
    "Let no operation mix the rows of a batch: no batch normalisation, no mean "
    "over dimension 0, no size taken from the longest row where a row's own length is meant.",
)
@torch.no_grad()
def batch_invariance(subject: ModelSubject) -> None:
    """An example alone, and among others in another order, gives what it gives in the batch."""
    net, data = subject.shared, subject.batch()
    whole = promises.whole(net, data)
    for row in range(len(data)):
        same(promises.row_alone(net, data, whole, row), "the other rows of the batch change")
    order = list(reversed(range(len(data))))
    inputs, lengths = data.inputs[order], data.input_lengths[order]
    same(promises.rows_again(net, data, whole, inputs, lengths, order), "the order of the batch changes")


def same(pairs: Iterable[ComparedPart], what: str) -> None:
    """All pairs agree; what changed them begins the message of one that does not."""
    for part, found, expected in pairs:
        near(found, expected, f"{what} the {part}")
