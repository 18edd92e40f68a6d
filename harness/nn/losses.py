"""Losses as (sum, count) in target units, so that totals, not means of means, are divided.

A sum over a data set divided by its count does not depend on how the examples were batched.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harness.contract.specs import (
    ClassTarget,
    CTCTarget,
    ForecastTarget,
    FrameTarget,
    NextTokenTarget,
    TargetSpec,
    TokenSequenceTarget,
)


def loss_sum(
    spec: TargetSpec,
    outputs: Tensor,
    output_lengths: Tensor,
    targets: Tensor,
    target_lengths: Tensor,
    *,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Total loss and the number of target units it covers.

    Units: examples (class), frames (frame), labels (CTC), symbols (next token, token sequence), values (forecast).

    Args:
        spec: the target's specification.
        outputs: (B, K), (B, T', K), (B, U, V) or (B, horizon, dim).
        output_lengths: int64 (B,), valid steps of `outputs` where it has time.
        targets: (B,), (B, T), (B, U) or (B, horizon, dim).
        target_lengths: int64 (B,).
        label_smoothing: for cross-entropies.

    Returns:
        sum: float32 scalar. count: int64 scalar.
    """
    rows = loss_rows(spec, outputs, output_lengths, targets, target_lengths, label_smoothing=label_smoothing)
    return rows.sum(), loss_counts(spec, targets, target_lengths).sum()


def loss_rows(
    spec: TargetSpec,
    outputs: Tensor,
    output_lengths: Tensor,
    targets: Tensor,
    target_lengths: Tensor,
    *,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Total loss of each row, float32 (B,); arguments as in `loss_sum`."""
    outputs = outputs.float()
    match spec:
        case ClassTarget():
            return functional.cross_entropy(outputs, targets, reduction="none", label_smoothing=label_smoothing)
        case CTCTarget():
            return functional.ctc_loss(
                outputs.log_softmax(-1).transpose(0, 1),  # (T', B, V+1)
                targets,
                output_lengths,
                target_lengths,
                blank=spec.blank,
                reduction="none",
                # zero_infinity stays off: an infeasible example must show, not count as solved.
            )
        case FrameTarget() | NextTokenTarget() | TokenSequenceTarget():
            losses = functional.cross_entropy(
                outputs.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=label_smoothing
            ).view_as(targets)  # (B, U)
            steps = torch.arange(targets.shape[1], device=targets.device)
            return losses.masked_fill(steps >= target_lengths.unsqueeze(1), 0.0).sum(1)
        case ForecastTarget():
            return (outputs - targets).square().flatten(1).sum(1)
    raise TypeError(f"no loss for a target of type {type(spec).__name__}")


def loss_counts(spec: TargetSpec, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Target units of each row, int64 (B,)."""
    match spec:
        case ClassTarget():
            return torch.ones_like(target_lengths)
        case ForecastTarget():
            return torch.full_like(target_lengths, targets[0].numel())
    return target_lengths


def worked_units(spec: TargetSpec, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
    """What throughput counts, real and unpadded: (count, unit). Lengths on an accelerator would make the host wait."""
    match spec:
        case NextTokenTarget() | TokenSequenceTarget():
            return int(target_lengths.sum()), "target tokens/s"
        case CTCTarget() | FrameTarget():
            return int(input_lengths.sum()), "input frames/s"
    return len(input_lengths), "examples/s"
