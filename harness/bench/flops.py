"""Counts of a network's floating-point operations, independent of the kernels that compute it.

torch's counter sees matrix products, convolutions and attention, but not the inside of a fused recurrent layer, while
it does see the same layer run step by step. So recurrent layers are counted by formula, and the counter's result within
them is discarded. Elementwise work is not counted, as is usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from harness.contract.batch import Batch
from harness.nn.recurrent import RecurrentStack

STEP_OVER_FORWARD = 3
"""Ratio of a training step to its forward pass: each product is differentiated with respect to both factors (J. Kaplan
et al., "Scaling Laws for Neural Language Models", 2020, section 2.1)."""


def recurrent_flops(layers: nn.Module, steps: int) -> int:
    """Operations of recurrent layers of any cell over this many steps of all rows: 2 for each weight of a matrix."""
    return 2 * steps * sum(p.numel() for p in layers.parameters() if p.ndim == 2)


@torch.no_grad()
def forward_flops(network: nn.Module, batch: Batch) -> int:
    """Operations of one forward pass over a batch, including padding; `network` is called like
    `harness.nn.network.Network`."""
    counter = FlopCounterMode(display=False)
    with _recurrent_by_formula(network, counter) as correction, counter:
        network(batch.inputs, batch.input_lengths, batch.targets, None)
    return counter.get_total_flops() + correction()


@contextmanager
def _recurrent_by_formula(network: nn.Module, counter: FlopCounterMode) -> Iterator[Callable[[], int]]:
    """Wrap every recurrent layer; yields what to add to the counter's result."""
    added = 0
    within = False

    def counted(layer: nn.Module, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, *others: Any) -> Any:
            nonlocal added, within
            if within:  # part of a layer that is being counted
                return original(x, *others)
            within, before = True, counter.get_total_flops()
            try:
                return original(x, *others)
            finally:
                within = False
                steps = x.shape[0] * x.shape[1]  # (B, T, D)
                added += recurrent_flops(layer, steps) - (counter.get_total_flops() - before)

        return call

    wrapped = [
        (layer, name)
        for layer in network.modules()
        if isinstance(layer, RecurrentStack | nn.RNNBase)
        for name in ("forward", "run")
        if hasattr(layer, name)
    ]
    for layer, name in wrapped:
        setattr(layer, name, counted(layer, getattr(layer, name)))
    try:
        yield lambda: added
    finally:
        for layer, name in wrapped:
            delattr(layer, name)
