"""Clauses of the model contract on what a model asks of training: groups of parameters, a hook, auxiliary losses.

Axes: B batch, T input time.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from harness.contract.batch import Batch
from harness.errors import PluginError
from harness.nn.auxiliary import checked_auxiliary
from harness.nn.masking import length_mask
from harness.nn.network import Network
from harness.testing.clause import clause
from harness.testing.comparison import near
from harness.testing.model_subject import ModelSubject
from harness.training.lightning_module import after_steps


def _no_groups(subject: ModelSubject) -> str:
    try:
        declared = bool(subject.shared.parameter_groups())
    except PluginError:
        return ""
    return "" if declared else "the model declares no parameter groups"


@clause(
    "Return from Model.parameter_groups groups of distinct names that together hold every trained parameter of encoder "
    "and decoder once, and no frozen one: collect what is special, and put all other parameters into one more group.",
    inapplicable=_no_groups,
    shortest=0,
)
def parameter_groups(subject: ModelSubject) -> None:
    """If the model declares parameter groups, every trained parameter of encoder and decoder is in exactly one."""
    try:
        subject.shared.parameter_groups()
    except PluginError as error:
        raise AssertionError(str(error)) from error


def _no_hook(subject: ModelSubject) -> str:
    return "" if after_steps(subject.shared) else "neither encoder nor decoder defines after_step"


@clause(
    "Change weights in place in after_step (clamp_, copy_, mul_): a parameter that is replaced by a new one is no "
    "longer the one that the optimizer trains.",
    inapplicable=_no_hook,
)
def after_step(subject: ModelSubject) -> None:
    """after_step leaves every parameter the same object, of the same shape and type, trained as before, and finite."""
    net, data = subject.network().train(), subject.batch()
    subject.training_loss(net, data).backward()
    torch.optim.SGD((p for p in net.parameters() if p.requires_grad), lr=0.1).step()
    before = {name: (p, p.shape, p.dtype, p.requires_grad) for name, p in net.named_parameters()}
    for _ in range(2):
        with torch.no_grad():
            for hook in after_steps(net):
                hook()
    after = dict(net.named_parameters())
    changed = sorted(set(after) ^ set(before))
    assert not changed, f"after_step changes which parameters there are: {', '.join(changed)}"
    for name, (parameter, *properties) in before.items():
        found = after[name]
        assert found is parameter, f"after_step replaces parameter '{name}' instead of changing it in place"
        assert [found.shape, found.dtype, found.requires_grad] == properties, f"after_step changes the type of '{name}'"
        assert found.isfinite().all(), f"after after_step, parameter '{name}' is not finite"


@clause(
    "Return in EncoderOutput.auxiliary, where self.training is true, one pair (sum, count) for each loss that "
    "Capabilities.auxiliary declares, over real positions only, and with a gradient; None otherwise."
)
def auxiliary(subject: ModelSubject) -> None:
    """Auxiliary losses are those declared, in training mode only, finite, blind to padding, and have a gradient."""
    net, data = subject.network(), subject.batch()
    with torch.no_grad():
        evaluated = net.encode(data.inputs, data.input_lengths)
    assert not evaluated.auxiliary, f"in eval mode the encoder returns auxiliary losses: {sorted(evaluated.auxiliary)}"
    net.train()
    found = _auxiliary(net, data, data.inputs)
    longer = subject.noise((len(data), data.inputs.shape[1] + 5))
    real = length_mask(data.input_lengths, data.inputs.shape[1])  # (B, T)
    longer[:, : data.inputs.shape[1]][real] = data.inputs[real]
    padded = _auxiliary(net, data, longer)
    for one in net.capabilities.auxiliary:
        total, count = found[one.name]
        assert total.isfinite(), f"auxiliary loss '{one.name}' is {float(total.detach())}"
        assert int(count) > 0, f"the count of auxiliary loss '{one.name}' is {float(count)}; it must be positive"
        near(padded[one.name][0].detach(), total.detach(), f"padding changes the sum of auxiliary loss '{one.name}'")
        near(padded[one.name][1], count, f"padding changes the count of auxiliary loss '{one.name}'")
        weights = [p for p in net.parameters() if p.requires_grad]
        assert total.requires_grad, f"auxiliary loss '{one.name}' has no gradient: was it detached?"
        grads = torch.autograd.grad(total, weights, retain_graph=True, allow_unused=True)
        moved = any(grad is not None and bool(grad.any()) for grad in grads)
        assert moved, f"no weight of the network changes auxiliary loss '{one.name}': its gradients are all 0"


def _auxiliary(net: Network, data: Batch, inputs: Tensor) -> Mapping[str, tuple[Tensor, Tensor]]:
    with torch.random.fork_rng(devices=[]):  # for a model whose tiny form has dropout
        torch.manual_seed(0)
        encoded = net.encode(inputs, data.input_lengths)
    try:
        return checked_auxiliary(encoded, net.capabilities.auxiliary)
    except PluginError as error:
        raise AssertionError(str(error)) from error
