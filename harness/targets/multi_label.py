"""Any number of labels for a whole input: a yes or no for each, binary cross-entropy, micro and macro F1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract import hypotheses
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec
from harness.contract.target import Answer, Layout, Needs, Target
from harness.contract.target_context import Decoding, HeadContext

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class MultiLabelTarget(Target):
    """Any of K labels: target int64 (B, K) of 0 and 1, output (B, K), one binary cross-entropy a label.

    A label is answered where its probability is at least one half.

    Attributes:
        class_names: name of each of the K labels.
    """

    name: ClassVar[str] = "multi_label"
    needs: ClassVar[Needs] = Needs("summary")
    keeps_input: ClassVar[bool] = False  # a whole split of videos would fill memory

    class_names: tuple[str, ...]

    @property
    def layout(self) -> Layout:
        """0 or 1 for each label."""
        return Layout((len(self.class_names),))

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> MultiLabelTarget:
        """`size` labels."""
        return cls(tuple(map(str, range(size))))

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the summary."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.summary_dim, len(self.class_names), context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, K)."""
        return (rows, len(self.class_names))

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
        """Binary cross-entropy, summed over labels; smoothing moves each target that far towards one half."""
        from torch.nn import functional

        wanted = targets * (1.0 - label_smoothing) + 0.5 * label_smoothing
        return functional.binary_cross_entropy_with_logits(outputs.float(), wanted, reduction="none").sum(1)

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """0 or 1 for each label, and the log-probability of each."""
        from torch.nn import functional

        scores = functional.logsigmoid(outputs.float()).tolist()
        return [Answer(row, tuple(s)) for row, s in zip((outputs >= 0).long().tolist(), scores, strict=True)]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The names of the labels that are answered."""
        return ", ".join(name for name, answered in zip(self.class_names, output, strict=True) if answered)

    def details(self, answer: Answer) -> Mapping[str, Any]:
        """The probability of each label, by its name."""
        return {"probabilities": {name: math.exp(s) for name, s in zip(self.class_names, answer.scores, strict=True)}}

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """A table of the labels that apply."""
        return hypotheses.table(found)

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Micro and macro F1, subset accuracy and Hamming loss."""
        from harness.metrics.multi_label import HAMMING_LOSS, LABEL_MACRO_F1, MICRO_F1, SUBSET_ACCURACY

        return MICRO_F1, LABEL_MACRO_F1, SUBSET_ACCURACY, HAMMING_LOSS

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, MultiLabelTarget], ...]:
        """Three labels of recordings."""
        return ((FrameInput(5), cls(("a", "b", "c"))),)

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """Which classes are shown anywhere."""
        return np.isin(np.arange(len(self.class_names)), classes).astype(np.int64)

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """0 or 1 for each label is right."""
        if target.shape != (len(self.class_names),):
            return f"the target has shape {target.shape}, not ({len(self.class_names)},), one number a label"
        return None if np.isin(target, (0, 1)).all() else f"the target {target.tolist()} is not of 0 and 1 alone"


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [MultiLabelTarget]
