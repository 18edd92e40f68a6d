"""One class for every position of the input: masked cross-entropy, token accuracy, F1 of tags and of spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract import hypotheses
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Answer, Layout, Needs, Target
from harness.contract.target_context import Decoding, HeadContext
from harness.targets._checks import outside

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from harness.contract.batch import Example
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric, Prediction

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class TaggingTarget(Target):
    """One of K classes for every position: target int64 (B, T), output (B, T, K), masked cross-entropy.

    Texts of answers have one word a position: the `class_names`, or what `Preprocessing.decode` makes of the list of
    class numbers. Where the words are BIO tags, `SPAN_F1` scores spans; `Example.references` must have the same form.

    Attributes:
        num_classes: K.
        class_names: name of each class, a single word; empty: `Preprocessing.decode` names them, or their numbers do.
    """

    name: ClassVar[str] = "tagging"
    needs: ClassVar[Needs] = Needs("features", subsampling="none")
    parts: ClassVar[str] = "tag"

    num_classes: int
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.class_names) not in (0, self.num_classes):
            raise ValueError(f"class_names must be empty or have num_classes={self.num_classes} entries")
        if any(len(name.split()) != 1 for name in self.class_names):
            raise ValueError(
                f"class_names must be single words, of which texts hold one a position: {self.class_names}"
            )

    @property
    def layout(self) -> Layout:
        """A class for each position."""
        return Layout((None,))

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> TaggingTarget:
        """`size` classes."""
        return cls(size)

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the features."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.feature_dim, self.num_classes, context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, T, K)."""
        return (rows, steps, self.num_classes)

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

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The most likely class of each position."""
        rows = zip(outputs.argmax(-1).tolist(), lengths.tolist(), strict=True)
        return [Answer(row[:n]) for row, n in rows]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The name of each position's class."""
        if not self.class_names:
            return super().text(output, decode)
        return " ".join(self.class_names[tag] for tag in output)

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """Words and tags in columns."""
        return hypotheses.columns(found)

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """Positions."""
        return int(input_lengths.sum()), "input frames/s"

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

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The class shown at each step."""
        return classes

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """One class from 0 to K - 1 for each step is right."""
        if problem := outside(target, 0, self.num_classes):
            return problem
        return None if len(target) == steps else f"{len(target)} classes for {steps} frames"


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [TaggingTarget]
