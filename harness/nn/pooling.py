"""Pooling of features of unequal length into one vector, without learnt weights (for learnt ones see
`attention.py`)."""

from __future__ import annotations

from torch import Tensor

from harness.nn.masking import last_valid, zero_padding

__all__ = ["last_valid", "masked_mean"]


def masked_mean(x: Tensor, lengths: Tensor) -> Tensor:
    """Mean of x (B, T, H) over the real positions of each row, (B, H); zeros for a row of length 0."""
    return zero_padding(x, lengths).sum(dim=1) / lengths.clamp(min=1).unsqueeze(1)
