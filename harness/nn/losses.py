"""Losses shared by several targets. Each gives totals per row, so that sums, not means of means, are divided.

A sum over a data set divided by its count does not depend on how the examples were batched.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def cross_entropy_rows(logits: Tensor, targets: Tensor, lengths: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Summed cross-entropy of the valid positions of each row, float32 (B,).

    Args:
        logits: (B, U, K), or log-probabilities.
        targets: int64 (B, U).
        lengths: int64 (B,), valid positions of each row.
        label_smoothing: as torch's.
    """
    losses = functional.cross_entropy(
        logits.float().flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=label_smoothing
    ).view_as(targets)  # (B, U)
    steps = torch.arange(targets.shape[1], device=targets.device)
    return losses.masked_fill(steps >= lengths.unsqueeze(1), 0.0).sum(1)
