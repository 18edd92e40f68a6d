"""One class at those positions of the input where something is asked: cross-entropy and accuracy over these alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Answer, Layout, Needs, Target
from harness.targets._checks import outside
from harness.targets.position_classes import PositionClasses

if TYPE_CHECKING:
    from torch import Tensor

    from harness.contract.batch import Batch
    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2

UNASKED = -1
"""Stands in a target for a position at which nothing is asked."""

MANY = 64
"""Classes from which training computes the logits of asked positions alone."""


@dataclass(frozen=True)
class MaskedTaggingTarget(PositionClasses):
    """One of K classes at the asked positions: target int64 (B, T), -1 where nothing is asked; output (B, T, K).

    An answer may depend on what was read up to its position alone, so models read causally. Loss and metrics cover the
    asked positions only. A model answers at every position; what it says where nothing is asked is ignored.
    """

    name: ClassVar[str] = "masked_tagging"
    needs: ClassVar[Needs] = Needs("features", causal=True, subsampling="none")

    @property
    def layout(self) -> Layout:
        """A class or -1 for each position."""
        return Layout((None,), pad=UNASKED)

    def loss_rows(
        self,
        outputs: Tensor,
        output_lengths: Tensor,
        targets: Tensor,
        target_lengths: Tensor,
        *,
        head: Any = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Cross-entropy, summed over the asked positions."""
        from torch.nn import functional

        asked = _asked(targets, target_lengths)
        losses = functional.cross_entropy(
            outputs.float().flatten(0, 1),
            targets.masked_fill(~asked, UNASKED).flatten(),
            ignore_index=UNASKED,
            reduction="none",
            label_smoothing=label_smoothing,
        )
        return losses.view_as(targets).sum(1)

    def loss_counts(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Asked positions."""
        return _asked(targets, target_lengths).sum(1)

    def training_loss(
        self, head: Any, features: Tensor, output_lengths: Tensor, batch: Batch, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """With many classes, logits of the asked positions alone: the others would be most of the work for nothing."""
        from torch.nn import functional

        if self.num_classes < MANY or not features.is_cpu:  # an accelerator would have to wait for the number asked
            return super().training_loss(head, features, output_lengths, batch, label_smoothing)
        asked = _asked(batch.targets, batch.target_lengths)
        logits = head(features[asked]).float()
        total = functional.cross_entropy(logits, batch.targets[asked], reduction="sum", label_smoothing=label_smoothing)
        count = asked.sum()
        return total / count, total, count

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Accuracy beyond and at the training lengths, the former scaled by chance, and accuracy of whole strings."""
        from harness.metrics import masked_tagging as ready

        return ready.ACCURACY, ready.ACCURACY_IN_RANGE, ready.SCALED_ACCURACY, ready.SEQUENCE_ACCURACY

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, MaskedTaggingTarget], ...]:
        """Three classes of symbols and of frames."""
        return (TokenInput(12), cls(3, ("a", "b", "c"))), (FrameInput(5), cls(3))

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """Classes from 0 to K - 1, or -1, are right, one for each step and not all -1."""
        if problem := outside(target, UNASKED, self.num_classes):
            return problem
        if len(target) != steps:
            return f"{len(target)} classes for {steps} frames"
        return None if (target != UNASKED).any() else "nothing is asked"

    def perfect(self, target: np.ndarray) -> Answer:
        """The right classes; class 0 where nothing is asked."""
        return Answer(np.maximum(target, 0).tolist())


def _asked(targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Which positions are asked and no padding, bool (B, T)."""
    import torch

    steps = torch.arange(targets.shape[1], device=targets.device)
    return (targets != UNASKED) & (steps < target_lengths.unsqueeze(1))


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [MaskedTaggingTarget]
