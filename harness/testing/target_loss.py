"""Clauses of the target contract on head and loss: a sum and a count that neither padding nor batching changes.

Axes: B batch.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from harness.testing.cases import TRAINER
from harness.testing.clause import clause
from harness.testing.comparison import equal, near
from harness.testing.target_subject import TargetSubject


@clause(
    "Let head() return a module whose outputs have the shape that output_shape() says, finite for any finite features; "
    "build it for the sizes and the dropout of the context that it is given."
)
def outputs(subject: TargetSubject) -> None:
    """The head's outputs are finite and of the declared shape, before and behind padding."""
    found, target = subject.computed, subject.target
    steps = found.data.targets.shape[1] if target.needs.reads == "decoder" else int(found.lengths.max())
    equal("shape of the outputs", tuple(found.outputs.shape), target.output_shape(len(found.data), steps))
    assert found.outputs.isfinite().all(), "outputs are not finite"


@clause(
    "Return from loss_rows one float32 total for each example, and from loss_counts how many target units it covers "
    "(int64); never a mean. loss_sum then adds them up."
)
@torch.no_grad()
def loss_totals(subject: TargetSubject) -> None:
    """The loss of each example is a finite total in float32, and its count a positive whole number."""
    found, target = subject.computed, subject.target
    rows, counts = found.rows(), target.loss_counts(found.data.targets, found.data.target_lengths)
    equal("shape of loss_rows", tuple(rows.shape), (len(found.data),))
    equal("type of loss_rows", rows.dtype, torch.float32)
    equal("shape of loss_counts", tuple(counts.shape), (len(found.data),))
    equal("type of loss_counts", counts.dtype, torch.int64)
    assert rows.isfinite().all(), f"losses are not finite: {rows.tolist()}"
    assert int(counts.min()) >= 1, f"an example counts {int(counts.min())} units"
    data = found.data
    total, count = target.loss_sum(found.outputs, found.lengths, data.targets, data.target_lengths, head=found.net.head)
    near(total, rows.sum(), "loss_sum differs from the sum of loss_rows")
    equal("count of loss_sum", int(count), int(counts.sum()))


@clause("Mask what lies behind an output's or a target's true length before anything is summed.")
@torch.no_grad()
def loss_padding(subject: TargetSubject) -> None:
    """More padding, full of noise, changes no example's loss."""
    near(subject.computed.padded().rows(), subject.computed.rows(), "padding changes the loss")


@clause("Let no operation of the loss mix the rows of a batch, and divide by no size of the batch.")
@torch.no_grad()
def loss_batching(subject: TargetSubject) -> None:
    """An example has alone the loss that it has in a batch."""
    found = subject.computed
    rows = found.rows()
    for row in range(len(rows)):
        near(found.one(row).rows()[0], rows[row], f"the other rows of the batch change the loss of row {row}")


@clause(
    "Return from training_loss the mean with a gradient, the total and the count of the same batch as loss_sum gives "
    "(a faster way to compute them is welcome, another loss is not)."
)
def training(subject: TargetSubject) -> None:
    """The loss that is trained on is the loss that is reported: mean, total and count agree with loss_sum."""
    net, data = subject.network(), subject.batch()
    features, lengths, _ = net.features(data.inputs, data.input_lengths, data.targets)
    mean, total, count = subject.target.training_loss(net.head, features, lengths, data)
    wanted, units = subject.target.loss_sum(
        net.head(features), lengths, data.targets, data.target_lengths, head=net.head
    )
    near(total.detach(), wanted.detach(), "the total of training_loss differs from loss_sum")
    equal("count of training_loss", int(count), int(units))
    near(mean.detach(), (wanted / units).detach(), "the mean of training_loss is not its total over its count")
    assert mean.requires_grad, "the mean of training_loss has no gradient"


@clause("Use every parameter of the head in the loss, keep outputs attached to the features, and saturate nothing.")
def head_gradients(subject: TargetSubject) -> None:
    """Every parameter of the head, and what the head reads, gets a finite gradient that is not zero throughout."""
    net, data = subject.network(), subject.batch()
    read, lengths, _ = net.features(data.inputs, data.input_lengths, data.targets)
    features = read.detach().requires_grad_()
    mean, _, _ = subject.target.training_loss(net.head, features, lengths, data)
    mean.backward()
    for name, tensor in [("the features", features), *net.head.named_parameters()]:
        assert tensor.grad is not None, f"{name}: no gradient"
        assert tensor.grad.isfinite().all(), f"{name}: a gradient is not finite"
        assert tensor.grad.abs().sum() > 0, f"{name}: the gradient is zero throughout"


@clause("Read dropout from `context.options.head_dropout`, with harness.nn.dropout.Dropout on what the head reads.")
def head_dropout(subject: TargetSubject) -> None:
    """A head in training mode drops features at the rate that the run asks for."""
    from harness.nn.network import Network
    from harness.testing.reference import ReferenceModel

    case, data = subject.case, subject.batch()
    options = replace(TRAINER, head_dropout=0.5)
    net = Network(ReferenceModel(), case.signature, case.inputs, case.target, options).train()
    with torch.no_grad():
        features, _, _ = net.features(data.inputs, data.input_lengths, data.targets)
        one, two = net.head(features), net.head(features)
    assert not torch.equal(one, two), "head_dropout=0.5 changes nothing in training mode"
