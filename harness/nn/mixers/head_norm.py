"""Normalisation of each head's channels on their own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class HeadNorm(nn.Module):
    """Layer norm (or RMS norm) over the channels of each head, with a gain for every channel.

    Args:
        size: channels of all heads together.
        heads: how many.
        rms: divide by the root mean square, and subtract no mean.
        eps: added to the variance.
        bias: add one to every channel.
    """

    def __init__(self, size: int, heads: int, rms: bool = False, eps: float = 1e-5, bias: bool = False) -> None:
        super().__init__()
        self.heads, self.rms, self.eps = heads, rms, eps
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (..., size)."""
        parts = x.unflatten(-1, (self.heads, -1))  # (..., heads, size / heads)
        norm = nn.functional.rms_norm if self.rms else nn.functional.layer_norm
        y = norm(parts, parts.shape[-1:], eps=self.eps).flatten(-2) * self.weight
        return y if self.bias is None else y + self.bias
