"""Normalisation of each head's channels on their own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class HeadNorm(nn.Module):
    """Layer norm (or RMS norm) over the channels of each head, with a gain for every channel and no bias.

    Args:
        size: channels of all heads together.
        heads: how many.
        rms: divide by the root mean square, and subtract no mean.
        eps: added to the variance.
    """

    def __init__(self, size: int, heads: int, rms: bool = False, eps: float = 1e-5) -> None:
        super().__init__()
        self.heads, self.rms, self.eps = heads, rms, eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """x (..., size)."""
        parts = x.unflatten(-1, (self.heads, -1))  # (..., heads, size / heads)
        norm = nn.functional.rms_norm if self.rms else nn.functional.layer_norm
        parts = norm(parts, parts.shape[-1:], eps=self.eps)
        return parts.flatten(-2) * self.weight
