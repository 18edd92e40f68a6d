"""The gates and cell states of a recurrent layer, computed from its input and its features after the kernel has run.

A gate at time t reads the input at t, the feature at t - 1 and, with peepholes, cell states. All of them are known by
then, so explaining a layer needs no second implementation of its loop, and the layer's own results are those of its
kernel. Axes: B batch, T time, D input features, H cells, R features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.nn.cells import LayerNormLSTM, PeepholeLSTM, ProjectedLSTM, state_dims
from harness.nn.kernels.lstm_layernorm import EPSILON
from harness.nn.layers import Carry, run_layer
from harness.nn.step_cell import SequenceCell

_NAMES: dict[type[nn.RNNBase], tuple[str, ...]] = {
    nn.LSTM: ("input_gate", "forget_gate", "", "output_gate"),  # the third is the candidate, not a gate
    nn.GRU: ("reset_gate", "update_gate"),  # the candidate's sum is another
}


def gates_of(cell: nn.Module, inputs: Tensor, features: Tensor, start: Tensor | None) -> dict[str, Tensor]:
    """Gates (B, T, H) by name, between 0 and 1; empty for a kind of cell without gates, or whose gates read more.

    Args:
        cell: a layer of `harness.nn.cells`, or one of one's own.
        inputs: (B, T, D).
        features: (B, T, R), what the layer made of them.
        start: h before the first step, (B, R); None: zeros.
    """
    before = _before(features, start)  # (B, T, R)
    if isinstance(cell, SequenceCell):
        return cell.gates(inputs, before)
    names = next((names for kind, names in _NAMES.items() if isinstance(cell, kind)), ())
    if not names:
        return {}
    from_input, recurrent, bias, further = (p[: len(names) * features.shape[2]] for p in cell.parameters())
    sums = nn.functional.linear(inputs, from_input, bias) + nn.functional.linear(before, recurrent, further)
    parts = torch.sigmoid(sums).chunk(len(names), dim=-1)
    return {name: part for name, part in zip(names, parts, strict=True) if name}


def inner_of(cell: nn.Module, inputs: Tensor, features: Tensor, start: Carry | None) -> dict[str, Tensor]:
    """As `gates_of`, with "cell_state" (B, T, H) where the layer has one, and the gates that read it.

    Cell states are found by running the layer step by step, so they equal its own but for rounding.

    Args:
        cell, inputs, features: as for `gates_of`.
        start: the state before the first step, h first; None: zeros.
    """
    found = gates_of(cell, inputs, features, None if start is None else start[0])
    if len(state_dims(cell)) < 2:
        return found
    state = tuple(inputs.new_zeros(len(inputs), size) for size in state_dims(cell)) if start is None else start
    first, steps = state[1], list[Tensor]()
    for t in range(inputs.shape[1]):
        _, state = run_layer(cell, inputs[:, t : t + 1], state)
        steps.append(state[1])
    cells = torch.stack(steps, dim=1) if steps else inputs.new_zeros(len(inputs), 0, first.shape[1])  # (B, T, H)
    if isinstance(cell, PeepholeLSTM | ProjectedLSTM | LayerNormLSTM):
        found = _own_gates(cell, inputs, _before(features, None if start is None else start[0]), first, cells)
    return {**found, "cell_state": cells}


def _own_gates(
    cell: PeepholeLSTM | ProjectedLSTM | LayerNormLSTM, inputs: Tensor, before: Tensor, first: Tensor, cells: Tensor
) -> dict[str, Tensor]:
    """Gates of the LSTMs that no library provides; the equations are those of their kernels."""
    recurrent = nn.functional.linear(before, cell.weight_hh)  # (B, T, 4H)
    if isinstance(cell, LayerNormLSTM):
        recurrent = nn.functional.layer_norm(recurrent, cell.bias.shape, cell.scale_hh, None, EPSILON)
    i, f, _, o = (cell.gates(inputs) + recurrent).chunk(4, dim=-1)
    if isinstance(cell, PeepholeLSTM):
        peepholes = cell.peepholes.view(3, -1)
        earlier = _before(cells, first)
        i, f, o = i + peepholes[0] * earlier, f + peepholes[1] * earlier, o + peepholes[2] * cells
    named = {"input_gate": i, "forget_gate": f, "output_gate": o}
    return {name: torch.sigmoid(sums) for name, sums in named.items()}


def _before(series: Tensor, start: Tensor | None) -> Tensor:
    """What stood at the step before each, of series (B, T, H)."""
    begin = torch.zeros_like(series[:, 0]) if start is None else start.to(series.dtype)
    return torch.cat((begin.unsqueeze(1), series[:, :-1]), dim=1)
