"""The clause of the model contract on training mode: what is trained is what is evaluated.

Axes: B batch, T input time, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.contract.batch import Batch
from harness.nn import promises
from harness.nn.masking import length_mask
from harness.nn.network import Network
from harness.testing.clause import clause
from harness.testing.model_invariance import same
from harness.testing.model_subject import ModelSubject


@clause(
    "Let nothing mix the rows of a batch while training either: normalise over features (nn.LayerNorm) or time within "
    "a row, never over the batch (nn.BatchNorm1d, its statistics include the padding, too). Set dropout to 0 in tiny()."
)
def training_mode(subject: ModelSubject) -> None:
    """In training mode too, neither padding nor the other rows of the batch change an example's results.

    Where the results are random (dropout in `tiny()`), they cannot be compared, and gradients are looked at: what an
    example gives must not depend on other rows or on padding.
    """
    net, data = subject.network().train(), subject.batch()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if _draws(net, data):
            _independent_by_gradients(net, data)
        else:
            _same_results(subject, net, data)


@torch.no_grad()
def _draws(net: Network, data: Batch) -> bool:
    one, two = promises.whole(net, data), promises.whole(net, data)
    pairs = ((one.outputs, two.outputs), (one.encoded.features, two.encoded.features))
    return any(promises.difference(second, first) > 0 for first, second in pairs)


@torch.no_grad()
def _same_results(subject: ModelSubject, net: Network, data: Batch) -> None:
    """More padding, and every row alone, change nothing."""
    first = promises.whole(net, data)
    other = subject.noise((len(data), data.inputs.shape[1] + promises.MORE_PADDING))
    same(promises.padded_again(net, data, first, other), "in training mode, padding changes")
    for row in range(len(data)):
        same(promises.row_alone(net, data, first, row), "in training mode, the other rows of the batch change")


def _independent_by_gradients(net: Network, data: Batch) -> None:
    """No result of a row has a gradient with respect to another row or to padding."""
    read = net.embedding(data.inputs).detach()
    if not read.is_floating_point():
        return  # symbols that the model embeds itself
    read.requires_grad_()  # (B, T, D)
    encoded = net.encoder(read, data.input_lengths)
    real = length_mask(data.input_lengths, read.shape[1])  # (B, T)
    for row in range(len(data)):
        result = encoded.features[row, : int(encoded.lengths[row])].sum() + encoded.summary[row].sum()
        (grad,) = torch.autograd.grad(result, read, retain_graph=True)
        elsewhere = torch.cat((grad[:row], grad[row + 1 :]))
        assert not _any(elsewhere), "in training mode, the results of a row depend on the other rows of the batch"
        assert not _any(grad[row][~real[row]]), "in training mode, the results of a row depend on its padding"


def _any(grad: Tensor) -> bool:
    return bool(grad.numel()) and float(grad.abs().max()) > 0
