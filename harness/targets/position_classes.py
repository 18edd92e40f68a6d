"""What targets with one class a position share: head, answers and their texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from harness.contract.target import Answer, Target
from harness.contract.target_context import Decoding, HeadContext

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class PositionClasses(Target):
    """One of K classes at every position: output (B, T, K). A subclass brings targets, loss and metrics.

    Texts of answers have one word a position: the `class_names`, or what `Preprocessing.decode` makes of the list of
    class numbers.

    Attributes:
        num_classes: K.
        class_names: name of each class, a single word; empty: `Preprocessing.decode` names them, or their numbers do.
    """

    num_classes: int
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.class_names) not in (0, self.num_classes):
            raise ValueError(f"class_names must be empty or have num_classes={self.num_classes} entries")
        if any(len(name.split()) != 1 for name in self.class_names):
            raise ValueError(
                f"class_names must be single words, of which texts hold one a position: {self.class_names}"
            )

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> Self:
        """`size` classes."""
        return cls(size)

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the features."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.feature_dim, self.num_classes, context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, T, K)."""
        return (rows, steps, self.num_classes)

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The most likely class of each position."""
        rows = zip(outputs.argmax(-1).tolist(), lengths.tolist(), strict=True)
        return [Answer(row[:n]) for row, n in rows]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The name of each position's class."""
        if not self.class_names:
            return super().text(output, decode)
        return " ".join(self.class_names[k] for k in output)

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """Positions."""
        return int(input_lengths.sum()), "input frames/s"

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The class shown at each step."""
        return classes
