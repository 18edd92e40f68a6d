"""Clauses of the model contract on ways to compute: bf16, torch.compile and an accelerator agree with eager fp32."""

from __future__ import annotations

import logging

import torch

from harness.testing.clause import clause
from harness.testing.comparison import near
from harness.testing.model_subject import ModelSubject

BF16_TOLERANCE = 0.05
"""Of the largest fp32 output, at least of 1: bf16 keeps 8 bits of a figure (0.4 %), and errors add up over layers."""

DEVICE_TOLERANCE = 1e-4
"""Between a CPU and an accelerator, whose sums run in another order."""


def _no_autocast(subject: ModelSubject) -> str:
    return "" if subject.capabilities.autocast else "declares autocast=False"


@clause(
    "Mix no dtypes by hand: create tensors with x.new_zeros or dtype=x.dtype, compute softmax, sums over time and "
    "norms in float32; or declare autocast=False.",
    inapplicable=_no_autocast,
)
def autocast(subject: ModelSubject) -> None:
    """Under bf16 autocast, outputs are within 5 % of the largest fp32 output, and gradients are finite."""
    net, data = subject.network(), subject.batch()
    with torch.no_grad():
        expected, _, _ = net(data.inputs, data.input_lengths, data.targets)
    with torch.autocast("cpu", torch.bfloat16):
        found, _, _ = net(data.inputs, data.input_lengths, data.targets)
        loss = subject.loss(net, data)
    near(found.detach(), expected, "bf16 autocast differs from fp32", BF16_TOLERANCE)
    loss.backward()
    for name, parameter in net.named_parameters():
        finite = parameter.grad is None or bool(parameter.grad.isfinite().all())
        assert finite, f"under bf16 autocast the gradient of parameter '{name}' is not finite"


@clause(
    "Let forward depend on its arguments alone, and on no question of how it is run; keep Python side effects out of "
    "it (what torch.compile cannot trace, it runs as it is, so there is nothing to support).",
    once=True,
    shortest=0,
)
@torch.no_grad()
def compiled(subject: ModelSubject) -> None:
    """torch.compile of the encoder gives what it gives without.

    The backend is "aot_eager": the graph is traced and taken apart as for a real one, and needs no C++ compiler.
    """
    net, data = subject.network(), subject.batch()
    inputs = net.embedding(data.inputs)
    expected = net.encoder(inputs, data.input_lengths)
    level = logging.root.manager.disable
    torch.compiler.reset()
    logging.disable(logging.WARNING)  # graph breaks are no fault
    try:
        found = torch.compile(net.encoder, backend="aot_eager")(inputs, data.input_lengths)
    finally:
        logging.disable(level)
        torch.compiler.reset()
    near(found.features, expected.features, "torch.compile changes the features")
    near(found.summary, expected.summary, "torch.compile changes the summary")


def _no_accelerator(subject: ModelSubject) -> str:
    return "" if torch.accelerator.is_available() else "this machine has no accelerator"


@clause(
    "Make every new tensor on the device of the input (x.new_zeros, device=x.device), and register constants as "
    "buffers, so that .to(device) moves them.",
    inapplicable=_no_accelerator,
)
@torch.no_grad()
def devices(subject: ModelSubject) -> None:
    """The CPU and the accelerator agree, in fp32."""
    net, data = subject.network(), subject.batch()
    expected, _, _ = net(data.inputs, data.input_lengths, data.targets)
    device = torch.accelerator.current_accelerator()
    assert device is not None
    moved = data.to(device)
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(allow_tf32=False):  # else recurrent layers and convolutions keep 10 bits only
            found, _, _ = net.to(device)(moved.inputs, moved.input_lengths, moved.targets)
    finally:
        torch.set_float32_matmul_precision(precision)
    near(found.cpu(), expected, f"{device.type} differs from the CPU", DEVICE_TOLERANCE)
