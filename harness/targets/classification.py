"""One class for a whole input: cross-entropy, accuracy, a confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract import hypotheses
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec, TokenInput, VideoInput
from harness.contract.target import Answer, Layout, Needs, Target
from harness.contract.target_context import Decoding, HeadContext

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from harness.contract.batch import Example
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric, Prediction

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class ClassTarget(Target):
    """One of K classes for a whole input: target int64 (B,), output (B, K), cross-entropy.

    Attributes:
        num_classes: K.
        class_names: name of each class, for texts and charts; empty: their numbers.
    """

    name: ClassVar[str] = "class"
    needs: ClassVar[Needs] = Needs("summary")
    keeps_input: ClassVar[bool] = False  # a whole split of videos would fill memory
    parts: ClassVar[str] = "class"

    num_classes: int
    class_names: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        """One number."""
        return Layout()

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> ClassTarget:
        """`size` classes."""
        return cls(size, tuple(map(str, range(size))))

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the summary."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.summary_dim, self.num_classes, context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, K)."""
        return (rows, self.num_classes)

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
        """Cross-entropy."""
        from torch.nn import functional

        return functional.cross_entropy(outputs.float(), targets, reduction="none", label_smoothing=label_smoothing)

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The most likely class, and the log-probabilities of all."""
        scores = outputs.float().log_softmax(-1)
        pairs = zip(scores.argmax(-1).tolist(), scores.tolist(), strict=True)
        return [Answer(best, tuple(row)) for best, row in pairs]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The name of the class."""
        return self.class_names[output] if self.class_names else str(output)

    def details(self, answer: Answer) -> Mapping[str, Any]:
        """The probability of each class, by its name."""
        names = self.class_names or tuple(map(str, range(self.num_classes)))
        return {"probabilities": {name: math.exp(s) for name, s in zip(names, answer.scores, strict=True)}}

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """A table of classes."""
        return hypotheses.table(found)

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Accuracy, top-5 accuracy, macro F1 and calibration error."""
        from harness.metrics.classification import ACCURACY, CALIBRATION_ERROR, MACRO_F1, TOP_5_ACCURACY

        return ACCURACY, TOP_5_ACCURACY, MACRO_F1, CALIBRATION_ERROR

    def charts(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, Any]:
        """The confusion matrix, without examples that are probes (`Example.units`)."""
        from harness.metrics.classification import confusion_matrix

        names = self.class_names or tuple(map(str, range(self.num_classes)))
        asked = [(p, e) for p, e in zip(predictions, examples, strict=True) if not e.units.get("probe")]
        return {"confusion": confusion_matrix([p for p, _ in asked], [e for _, e in asked], names)}

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, ClassTarget], ...]:
        """Three classes of strings, of recordings and of videos."""
        return (TokenInput(12), cls(3)), (FrameInput(5), cls(3)), (VideoInput(3, 16, 16), cls(3))

    def answer_for(self, classes: np.ndarray) -> int:
        """The class shown last."""
        return int(classes[-1])

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """One number from 0 to K - 1 is right."""
        if target.ndim:
            return f"the class has shape {target.shape}; it must be one number"
        return None if 0 <= int(target) < self.num_classes else f"class {target} of {self.num_classes}"

    def perfect(self, target: np.ndarray) -> Answer:
        """The class, with all of the probability."""
        scores = np.full(self.num_classes, -20.0)
        scores[int(target)] = 0.0
        return Answer(int(target), tuple(scores.tolist()))


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [ClassTarget]
