"""What counts as a weight, and as one that is trained."""

from __future__ import annotations

import torch
from torch import nn

from harness.nn.weights import WeightCounts, count_weights


class Reservoir(nn.Module):
    """Fixed weights of both kinds, and buffers that are none."""

    def __init__(self) -> None:
        super().__init__()
        self.readout = nn.Linear(10, 2)
        self.frozen = nn.Embedding.from_pretrained(torch.randn(7, 3))
        self.norm = nn.BatchNorm1d(5)
        self.register_buffer("recurrent", torch.randn(10, 10))
        self.register_buffer("phases", torch.zeros(4, dtype=torch.complex64))
        self.register_buffer("table", torch.randn(100), persistent=False)
        self.register_buffer("steps", torch.zeros(50, dtype=torch.int64))
        self.register_buffer("mask", torch.ones(60, dtype=torch.bool))


def test_frozen_parameters_and_saved_floating_point_buffers_are_fixed_weights() -> None:
    counts = count_weights([Reservoir()])
    assert counts == WeightCounts(trained=22 + 10, fixed=21 + 100 + 4)
    assert counts.total == 157


def test_what_is_shared_counts_once() -> None:
    one, other = Reservoir(), Reservoir()
    other.readout.weight, other.recurrent = one.readout.weight, one.recurrent
    both = count_weights([one, other])
    assert both == WeightCounts(trained=2 * 32 - 20, fixed=2 * 125 - 100)
