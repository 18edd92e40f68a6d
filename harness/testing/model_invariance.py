"""Clauses of the model contract on independence: a result depends on its own example, not on padding or neighbours.

Axes: B batch, T input time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.contract.batch import Batch
from harness.contract.model import EncoderOutput
from harness.nn.masking import length_mask
from harness.nn.network import Network
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
    longer = subject.noise((len(data), data.inputs.shape[1] + 5))
    real = length_mask(data.input_lengths, data.inputs.shape[1])  # (B, T)
    longer[:, : data.inputs.shape[1]][real] = data.inputs[real]
    _same_rows(net, data, _whole(net, data), longer, data.input_lengths, list(range(len(data))), "padding changes")


@clause(
    "Let no operation mix the rows of a batch: no batch normalisation in eval mode without fixed statistics, no mean "
    "over dimension 0, no size taken from the longest row where a row's own length is meant.",
)
@torch.no_grad()
def batch_invariance(subject: ModelSubject) -> None:
    """An example alone, and among others in another order, gives what it gives in the batch."""
    net, data = subject.shared, subject.batch()
    whole = _whole(net, data)
    for row in range(len(data)):
        alone = data.inputs[row : row + 1, : int(data.input_lengths[row])]
        lengths = data.input_lengths[row : row + 1]
        _same_rows(net, data, whole, alone, lengths, [row], "the other rows of the batch change")
    order = list(reversed(range(len(data))))
    inputs, lengths = data.inputs[order], data.input_lengths[order]
    _same_rows(net, data, whole, inputs, lengths, order, "the order of the batch changes")


Whole = tuple[EncoderOutput, Tensor]


def _whole(net: Network, data: Batch) -> Whole:
    """Encoded batch and outputs, to compare with."""
    return net.encode(data.inputs, data.input_lengths), net(data.inputs, data.input_lengths, data.targets)[0]


def _same_rows(
    net: Network, data: Batch, whole: Whole, inputs: Tensor, lengths: Tensor, rows: list[int], what: str
) -> None:
    """Compare `inputs` with the given rows of the batch: features where valid, summary, outputs."""
    encoded, expected = whole
    part, found = net.encode(inputs, lengths), net(inputs, lengths, data.targets[rows])[0]
    reads = net.target.needs.reads
    ends = data.target_lengths if reads == "decoder" else encoded.lengths
    for index, row in enumerate(rows):
        valid = int(encoded.lengths[row])
        near(part.features[index, :valid], encoded.features[row, :valid], f"{what} the features")
        near(part.summary[index], encoded.summary[row], f"{what} the summary")
        stop = None if reads == "summary" else int(ends[row])
        near(found[index, :stop], expected[row, :stop], f"{what} the outputs")
