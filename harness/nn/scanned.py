"""Recurrent layers as a scan, the one form that exporters keep for any number of steps.

`torch.export` unrolls the loops of `nn.LSTM` and its kin, and of every loop in Python, and so freezes the number of
steps; `scan` is an operation of its own, and becomes ONNX's Scan. It is slow, so `harness.nn.layers` uses it only while
a network is exported. Axes: B batch, T time, D input features, H cells, R features, G gates.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.errors import PluginError
from harness.nn.cells import LayerNormLSTM, PeepholeLSTM, ProjectedLSTM, input_gates
from harness.nn.kernels.lstm_layernorm import EPSILON
from harness.nn.step_cell import StepCell

States = tuple[Tensor, ...]
Step = Callable[[Tensor, States], States]
"""The states after a step, h first, from the input's contribution to the gates (B, G) and the states before."""


def scan_layer(cell: nn.Module, x: Tensor, start: States, lengths: Tensor | None) -> tuple[Tensor, States]:
    """Run one layer over x (B, T, D), T at least 1, from `start`.

    Args:
        cell: one of `harness.nn.cells`, or a `StepCell`.
        x, start: the input, and the states (B, size) before it.
        lengths: (B,): hold the states through the padding of each row; None: run all T steps.

    Returns:
        Features (B, T, R), meaningless at padding, and the last states.

    Raises:
        PluginError: the layer is not given by a step, so it has no scan.
    """
    from torch._higher_order_ops.scan import scan

    gates, step = _parts(cell, x)  # (T, B, G)
    times = torch.arange(x.shape[1], device=x.device).unsqueeze(1)
    # A scan takes neither None nor the same tensor twice.
    ends = torch.full_like(times[:1], 1) * x.shape[1] if lengths is None else lengths.unsqueeze(0)
    alive = (times < ends).expand(-1, x.shape[0]).unsqueeze(-1).contiguous()  # (T, B, 1)

    def combine(states: States, now: tuple[Tensor, Tensor]) -> tuple[States, Tensor]:
        after = step(now[0], states)
        held = tuple(torch.where(now[1], new, old) for new, old in zip(after, states, strict=True))
        return held, held[0].clone()

    begin = tuple(part.contiguous().clone() for part in start)
    end, features = scan(combine, begin, (gates.contiguous(), alive), dim=0)
    return features.transpose(0, 1), tuple(end)


def _parts(cell: nn.Module, x: Tensor) -> tuple[Tensor, Step]:
    """What the steps need of the input, (T, B, G), and the step."""
    if isinstance(cell, StepCell):
        own, shared = cell, cell.prepare(x)
        return own.project(x.transpose(0, 1)), lambda now, states: own.step(now, states, shared)
    maker = next((make for kind, make in _STEPS.items() if isinstance(cell, kind)), None)
    if maker is None:
        raise PluginError(f"The layer '{type(cell).__name__}' is not given by the equations of a step")
    gates = input_gates(cell, x.transpose(0, 1).flatten(0, 1))
    return gates.unflatten(0, (x.shape[1], x.shape[0])), maker(cell)


def _rnn(cell: nn.Module) -> Step:
    recurrent = list(cell.parameters())[1]
    return lambda now, states: (torch.tanh(now + functional.linear(states[0], recurrent)),)


def _gru(cell: nn.Module) -> Step:
    _, recurrent, _, further = cell.parameters()
    size = recurrent.shape[1]
    # As `harness.nn.cells.fused` has it: only the new gate's second bias is left for the loop.
    bias = torch.cat((torch.zeros_like(further[: 2 * size]), further[2 * size :]))

    def step(now: Tensor, states: States) -> States:
        (h,) = states
        reset, update, new = now.chunk(3, dim=-1)
        more_reset, more_update, more_new = functional.linear(h, recurrent, bias).chunk(3, dim=-1)
        keep = torch.sigmoid(update + more_update)
        candidate = torch.tanh(new + torch.sigmoid(reset + more_reset) * more_new)
        return (candidate + keep * (h - candidate),)

    return step


def _lstm(cell: nn.Module) -> Step:
    recurrent = list(cell.parameters())[1]

    def step(now: Tensor, states: States) -> States:
        h, c = states
        i, f, g, o = (now + functional.linear(h, recurrent)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    return step


def _peephole(cell: nn.Module) -> Step:
    assert isinstance(cell, PeepholeLSTM)
    recurrent = cell.weight_hh
    of_i, of_f, of_o = (part.clone() for part in cell.peepholes.chunk(3))  # a scan refuses views of one tensor

    def step(now: Tensor, states: States) -> States:
        h, c = states
        i, f, g, o = (now + functional.linear(h, recurrent)).chunk(4, dim=-1)
        c = torch.sigmoid(f + of_f * c) * c + torch.sigmoid(i + of_i * c) * torch.tanh(g)
        return torch.sigmoid(o + of_o * c) * torch.tanh(c), c

    return step


def _projected(cell: nn.Module) -> Step:
    assert isinstance(cell, ProjectedLSTM)
    recurrent, projection = cell.weight_hh, cell.projection

    def step(now: Tensor, states: States) -> States:
        h, c = states
        i, f, g, o = (now + functional.linear(h, recurrent)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return functional.linear(torch.sigmoid(o) * torch.tanh(c), projection), c

    return step


def _layer_norm(cell: nn.Module) -> Step:
    assert isinstance(cell, LayerNormLSTM)
    recurrent, scale, of_cell, shift = cell.weight_hh, cell.scale_hh, cell.scale_cell, cell.bias_cell

    def step(now: Tensor, states: States) -> States:
        h, c = states
        sums = functional.layer_norm(functional.linear(h, recurrent), scale.shape, scale, None, EPSILON)
        i, f, g, o = (now + sums).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(functional.layer_norm(c, shift.shape, of_cell, shift, EPSILON)), c

    return step


_STEPS: dict[type[nn.Module], Callable[[nn.Module], Step]] = {
    nn.RNN: _rnn,
    nn.GRU: _gru,
    nn.LSTM: _lstm,
    PeepholeLSTM: _peephole,
    ProjectedLSTM: _projected,
    LayerNormLSTM: _layer_norm,
}
