"""The cost of the chunked training loss over a vocabulary, against torch's linear layer and cross-entropy.

The sizes are those of the output layer of Zaremba et al. 2014's medium model: 20 rows of 35 positions, 650 features,
10,000 words. Both compute the loss and the gradients of features, weights and bias from the same tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.bench.comparison import BenchRow, in_turn
from harness.nn.chunked_loss import chunked_cross_entropy

_POSITIONS, _FEATURES, _SYMBOLS = 700, 650, 10_000


def output_rows(
    rounds: int, *, positions: int = _POSITIONS, features: int = _FEATURES, symbols: int = _SYMBOLS
) -> list[BenchRow]:
    """Plain over chunked, in fp32 and under bf16 autocast, on one thread; more than 1 means that chunks are faster."""
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(positions, features, generator=draw, requires_grad=True)
    layer = nn.Linear(features, symbols)
    targets = torch.randint(symbols, (positions,), generator=draw)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [
            in_turn(
                f"output-chunked-vs-plain-{name}",
                partial(_step, _plain, x, layer, targets, bf16),
                partial(_step, _chunked, x, layer, targets, bf16),
                rounds=rounds,
                better="larger",
                about=f"linear layer and cross-entropy of torch over ours in chunks, forward and backward, {name}; "
                f"{positions} positions, {features} features, {symbols:,} symbols, one thread",
            )
            for name, bf16 in (("fp32", False), ("bf16", True))
        ]
    finally:
        torch.set_num_threads(before)


def _plain(x: Tensor, layer: nn.Linear, targets: Tensor) -> Tensor:
    """The mean from the matrix of all logits."""
    return functional.cross_entropy(layer(x).float(), targets)


def _chunked(x: Tensor, layer: nn.Linear, targets: Tensor) -> Tensor:
    """The same mean in chunks."""
    return chunked_cross_entropy(x, layer.weight, layer.bias, targets, scale=1.0 / len(targets))


def _step(loss: Callable[..., Tensor], x: Tensor, layer: nn.Linear, targets: Tensor, bf16: bool) -> float:
    """Loss and gradients, with features as the previous layer outputs them."""
    layer.zero_grad()
    x.grad = None
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        value = loss(x.bfloat16() if bf16 else x, layer, targets)
    value.backward()
    return float(value.detach())
