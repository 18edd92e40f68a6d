"""Clauses of the model contract on training: gradients reach everything, and a batch can be learnt by heart.

Axes: B batch, T input time, D embedding.
"""

from __future__ import annotations

import torch

from harness.testing.clause import clause
from harness.testing.model_subject import ModelSubject

STEPS = 300
SHARE = 0.1
"""Of the loss on one batch, less must be left after so many steps; one that cannot see its input stays above 0.5."""

LENGTHS = (3, 2, 3, 2)
"""T of each row to learn by heart. With T' > 3 frames alike, CTC has a second optimum (the label in one frame, nowhere
in the others), in which a model that is blind to order can get stuck."""


@clause(
    "Use every parameter that the encoder or decoder has in every forward pass, or do not create it for this target: "
    "target_spec.needs.reads says in build() whether the head reads the summary or the features. Cut no gradient: "
    "no .detach(), .data, .item() or numpy on the way from the input to the features. Weights "
    "that are not to be trained are buffers: self.register_buffer(name, tensor) saves them, moves them and counts them "
    "apart; nn.Parameter(..., requires_grad=False) does not."
)
def gradients(subject: ModelSubject) -> None:
    """Every parameter is trained: it gets a finite gradient, and not all of it is zero."""
    net, data = subject.network().train(), subject.batch()
    frozen = [f"'{name}'" for name, parameter in net.named_parameters() if not parameter.requires_grad]
    assert not frozen, (
        f"parameter {', '.join(frozen)} has requires_grad=False, so it is never trained: fixed weights are buffers "
        "(self.register_buffer)"
    )
    loss = subject.training_loss(net, data)
    assert loss.isfinite(), f"the loss of an untrained network is {float(loss.detach())}"
    loss.backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, (
            f"parameter '{name}' gets no gradient: the loss does not depend on it (is it used, is nothing detached? "
            "Fixed weights are buffers)"
        )
        assert parameter.grad.isfinite().all(), f"the gradient of parameter '{name}' is not finite"
    grads = [p.grad for p in net.encoder.parameters() if p.grad is not None]
    total = sum(float(grad.abs().sum()) for grad in grads)
    assert total > 0 or not grads, "the loss does not depend on the encoder: the gradients of all its weights are 0"


@clause(
    "Let what the input shows reach both features and summary: activations that do not saturate at the start, weights "
    "of about 1/sqrt(fan-in), no gradient cut off, no dropout in `tiny()`.",
    shortest=0,
)
def overfitting(subject: ModelSubject) -> None:
    """Training on one batch brings its loss under a tenth of what it was.

    A row shows one class throughout and its target follows from that class, so this asks for no sense of order: a
    mean over all positions is a legitimate model and can do it.
    """
    net, data = subject.network().train(), subject.batch(LENGTHS, steady=True)
    with torch.random.fork_rng(devices=[]):  # for a model whose tiny form has dropout
        torch.manual_seed(0)
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.0)
        first = last = float(subject.loss(net, data).detach())
        for _ in range(STEPS):
            loss = subject.loss(net, data)
            last = float(loss.detach())
            if last < SHARE * first:
                return
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    raise AssertionError(
        f"{STEPS} steps on one batch bring the loss from {first:.3g} to {last:.3g}; expected below {SHARE * first:.3g}"
    )
