"""The gates of a recurrent layer, computed from its input and its features after the kernel has run.

A gate at time t reads the input at t and the feature at t - 1, both known by then, so explaining a layer needs no
second implementation of its loop, and the layer's own results are those of its kernel.
Axes: B batch, T time, D input features, H hidden size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

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
        features: (B, T, H), what the layer made of them.
        start: h before the first step, (B, H); None: zeros.
    """
    begin = torch.zeros_like(features[:, 0]) if start is None else start.to(features.dtype)
    before = torch.cat((begin.unsqueeze(1), features[:, :-1]), dim=1)  # (B, T, H)
    if isinstance(cell, SequenceCell):
        return cell.gates(inputs, before)
    names = next((names for kind, names in _NAMES.items() if isinstance(cell, kind)), ())
    if not names:
        return {}
    from_input, recurrent, bias, further = (p[: len(names) * features.shape[2]] for p in cell.parameters())
    sums = nn.functional.linear(inputs, from_input, bias) + nn.functional.linear(before, recurrent, further)
    parts = torch.sigmoid(sums).chunk(len(names), dim=-1)
    return {name: part for name, part in zip(names, parts, strict=True) if name}
