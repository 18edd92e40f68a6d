"""One class for every position of the input: masked cross-entropy, token accuracy, F1 of tags and of spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract import hypotheses
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Layout, Needs, Target
from harness.targets._checks import outside
from harness.targets.position_classes import PositionClasses

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from harness.contract.batch import Example
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric, Prediction

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class TaggingTarget(PositionClasses):
    """One of K classes for every position: target int64 (B, T), output (B, T, K), masked cross-entropy.

    Where the names of classes are BIO tags, `SPAN_F1` scores spans; `Example.references` must have the form of the
    texts of answers.
    """

    name: ClassVar[str] = "tagging"
    needs: ClassVar[Needs] = Needs("features", subsampling="none")
    parts: ClassVar[str] = "tag"

    @property
    def layout(self) -> Layout:
        """A class for each position."""
        return Layout((None,))

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
        """Cross-entropy, summed over positions."""
        from harness.nn.losses import cross_entropy_rows

        return cross_entropy_rows(outputs, targets, target_lengths, label_smoothing=label_smoothing)

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """Words and tags in columns."""
        return hypotheses.columns(found)

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Token accuracy and macro F1; where tags are BIO, also F1 of spans."""
        from harness.metrics.tagging import SPAN_F1, TAG_MACRO_F1, TOKEN_ACCURACY

        return TOKEN_ACCURACY, TAG_MACRO_F1, SPAN_F1

    def charts(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, Any]:
        """The confusion matrix of tags."""
        from harness.metrics.tagging import tag_confusion

        names = self.class_names or tuple(map(str, range(self.num_classes)))
        return {"confusion": tag_confusion(predictions, examples, names)}

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, TaggingTarget], ...]:
        """Three classes of symbols and of frames."""
        names = ("O", "B-X", "I-X")
        return (TokenInput(12), cls(3, names)), (FrameInput(5), cls(3, names))

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """One class from 0 to K - 1 for each step is right."""
        if problem := outside(target, 0, self.num_classes):
            return problem
        return None if len(target) == steps else f"{len(target)} classes for {steps} frames"


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [TaggingTarget]
