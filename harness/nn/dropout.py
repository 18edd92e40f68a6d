"""Dropout, with a mask that costs a CPU little."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_BITS = 16  # of a random number for each element; four come from one of torch's


class Dropout(nn.Dropout):
    """Zeros elements with probability p while training, and scales the others up (Srivastava et al. 2014).

    As `nn.Dropout`, with another draw on CPU: torch's own was 15 % of a training step (text, `harness bench profile`),
    and no quicker on two threads than on one. Here four elements share a random number of 64 bits, so that p is a
    multiple of 2**-16 (0.1 becomes 0.100006); what is kept is scaled by exactly what it is kept with, so the
    expectation is the input. The numbers are those of torch's generator, drawn in the order of memory.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        kept = round((1.0 - self.p) * (1 << _BITS))  # of so many equally likely numbers
        if not self.training or self.p == 0.0:
            return x
        if x.device.type != "cpu" or kept == 0 or torch.compiler.is_compiling():
            return functional.dropout(x, self.p, self.training)
        return x * _mask(x, kept)


@torch.no_grad()
def _mask(x: Tensor, kept: int) -> Tensor:
    """Of x's shape, type and order in memory: zeros, and the inverse of the share that is kept."""
    mask = torch.empty_like(x)  # without gaps, whatever x is a part of
    draws = torch.empty(-(-x.numel() * _BITS // 64), dtype=torch.int64).random_(-(2**63), None)
    numbers = draws.view(torch.int16)[: x.numel()]  # -2**15 ... 2**15 - 1
    torch.lt(numbers, kept - (1 << (_BITS - 1)), out=mask.as_strided((x.numel(),), (1,)))
    return mask.mul_((1 << _BITS) / kept)
