"""Lengths and padding: masks, reversal by true length, and the last true position. Everything else builds on these."""

from __future__ import annotations

import torch
from torch import Tensor


def length_mask(lengths: Tensor, size: int) -> Tensor:
    """True where a position is real: bool (B, size) of lengths (B,)."""
    return torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)  # (B, size)


def zero_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """x (B, T, ...) with zeros at padded positions, whatever was there (multiplying would keep infinities)."""
    mask = length_mask(lengths, x.shape[1])
    return x.masked_fill(~mask.reshape(mask.shape + (1,) * (x.ndim - 2)), 0.0)  # (B, T, ...)


def reverse_by_length(x: Tensor, lengths: Tensor) -> Tensor:
    """x (B, T, H) with the first `lengths` positions of each row in reverse order and the padding left in place.

    It is its own inverse.
    """
    batch, size = x.shape[:2]
    times = torch.arange(size, device=x.device)
    ends = lengths.unsqueeze(1)
    order = torch.where(times < ends, ends - 1 - times, times)  # (B, T)
    rows = torch.arange(batch, device=x.device).unsqueeze(1) * size
    # Selecting whole rows of the flattened tensor is four times as fast as `torch.gather`, including backward.
    return x.flatten(0, 1).index_select(0, (order + rows).flatten()).view_as(x)


def last_valid(x: Tensor, lengths: Tensor) -> Tensor:
    """x (B, T, H) at the last real position of each row, (B, H); zeros for a row of length 0."""
    if x.shape[1] == 0:
        return x.new_zeros(x.shape[0], x.shape[2])
    rows = torch.arange(x.shape[0], device=x.device)
    last = x[rows, (lengths - 1).clamp(min=0)]  # (B, H)
    return last.masked_fill((lengths == 0).unsqueeze(1), 0.0)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax of scores (..., T) over the positions where the mask (broadcastable) is true, in float32 or float64.

    Masked positions get exactly 0, and so does a row with nothing to attend to (never NaN). Computed at least in
    float32 and with the smallest finite number instead of minus infinity, so it is safe under bf16 autocast.
    """
    scores = scores if scores.dtype == torch.float64 else scores.float()
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1)
    return weights * mask
