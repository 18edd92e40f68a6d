"""Dropout with a mask that is cheap to draw on CPU, and dropout with one mask a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_BITS = 16  # of randomness per element; four elements share one of torch's numbers


class Dropout(nn.Dropout):
    """Zeros elements with probability p in training and scales the others up (Srivastava et al. 2014).

    Like `nn.Dropout`, with a different random mask on CPU: torch's took 15 % of a training step (text,
    `harness bench profile`), and was no faster on two threads than on one. Here four elements share a 64-bit random
    number, so p is a multiple of 2**-16 (0.1 becomes 0.100006); kept elements are scaled by the exact inverse of that
    probability, so the expectation is the input. The numbers come from torch's generator, in memory order.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        kept = round((1.0 - self.p) * (1 << _BITS))  # out of so many equally likely numbers
        if not self.training or self.p == 0.0:
            return x
        if x.device.type != "cpu" or kept == 0 or torch.compiler.is_compiling():
            return functional.dropout(x, self.p, self.training)
        return x * _mask(x, kept)


class SequenceDropout(nn.Dropout):
    """Dropout with one mask for all steps of a sequence: Gal and Ghahramani 2016, "A Theoretically Grounded
    Application of Dropout in Recurrent Neural Networks", section 4."""

    def forward(self, x: Tensor) -> Tensor:
        """Of (B, T, D)."""
        if not self.training or self.p == 0.0:
            return x
        return x * dropout_mask(x[:, :1].shape, self.p, x)  # (B, 1, D)


def dropout_mask(shape: Sequence[int], rate: float, like: Tensor) -> Tensor:
    """Zeros with probability `rate`, otherwise 1 / (1 - rate), of a shape, in the type and on the device of `like`."""
    return functional.dropout(like.new_ones(tuple(shape)), rate)


@torch.no_grad()
def _mask(x: Tensor, kept: int) -> Tensor:
    """A mask with x's shape, type and memory order: zeros, and the inverse of the share kept."""
    mask = torch.empty_like(x)  # contiguous, whatever x is a view of
    draws = torch.empty(-(-x.numel() * _BITS // 64), dtype=torch.int64).random_(-(2**63), None)
    numbers = draws.view(torch.int16)[: x.numel()]  # -2**15 ... 2**15 - 1
    torch.lt(numbers, kept - (1 << (_BITS - 1)), out=mask.as_strided((x.numel(),), (1,)))
    return mask.mul_((1 << _BITS) / kept)
