"""Ordinal regression: one of K ordered grades, by proportional odds over one score and K - 1 thresholds.

Source: P. McCullagh, "Regression Models for Ordinal Data", 1980.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Example, Metric, Prediction, Target, hookimpl
from harness.contract.specs import InputSpec, TokenInput
from harness.contract.target import Answer, Layout, Needs
from harness.contract.target_context import Decoding, HeadContext
from harness.metrics.classification import ACCURACY, confusion_matrix
from harness.metrics.ratios import total

if TYPE_CHECKING:
    from torch import Tensor, nn

HARNESS_CONTRACT = 2

GRADE_ERROR = Metric(
    name="grade_error",
    unit="grades",
    higher_is_better=False,
    statistics=lambda p, e: {"absolute_error": abs(int(p.output) - int(e.target)), "count": 1},
    aggregate=lambda rows: total(rows, "absolute_error") / total(rows, "count"),
    description="By how many grades answers are off, on average.",
)


@dataclass(frozen=True)
class OrdinalTarget(Target):
    """A grade int64 (B,) from 0 to grades - 1; output (B, grades - 1), the log-odds of each being exceeded."""

    name: ClassVar[str] = "ordinal"
    needs: ClassVar[Needs] = Needs("summary")
    parts: ClassVar[str] = "class"

    grades: int

    @property
    def layout(self) -> Layout:
        return Layout()

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> OrdinalTarget:
        return cls(max(2, size))

    def head(self, context: HeadContext) -> nn.Module:
        import torch
        from torch.nn import functional

        from harness.nn.heads import LinearHead

        class Head(LinearHead):
            """Score minus thresholds that never fall."""

            def forward(self, x: Tensor) -> Tensor:
                thresholds = torch.cat((self.first, functional.softplus(self.gaps))).cumsum(0)
                return super().forward(x) - thresholds  # (B, grades - 1)

        head = Head(context.summary_dim, 1, context.options.head_dropout)
        head.first = torch.nn.Parameter(torch.tensor([1.0 - self.grades / 2]))
        head.gaps = torch.nn.Parameter(torch.full((self.grades - 2,), 0.5413))  # softplus: 1
        return head

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, self.grades - 1)

    def loss_rows(
        self, outputs: Tensor, output_lengths: Tensor, targets: Tensor, target_lengths: Tensor, **options: Any
    ) -> Tensor:
        """-log(s(a) - s(b)) = -log s(a) - log s(-b) - log(1 - e^(b-a)), a and b the log-odds around the grade."""
        import torch
        from torch.nn import functional

        odds = functional.pad(outputs.float(), (1, 0), value=30.0)
        odds = functional.pad(odds, (0, 1), value=-30.0)  # (B, grades + 1): of exceeding no grade, and the last
        a, b = (odds.gather(1, (targets + k).unsqueeze(1)).squeeze(1) for k in (0, 1))
        return -functional.logsigmoid(a) - functional.logsigmoid(-b) - torch.log1p(-(b - a).clamp(max=-1e-6).exp())

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The median: as many grades up as are more likely than not exceeded."""
        return [Answer(n) for n in (outputs > 0).sum(1).tolist()]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None) -> str:
        return str(output + 1)

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        return GRADE_ERROR, ACCURACY

    def charts(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, Any]:
        return {"confusion": confusion_matrix(predictions, examples, [str(g + 1) for g in range(self.grades)])}

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, OrdinalTarget], ...]:
        return ((TokenInput(12), cls(3)),)

    def answer_for(self, classes: np.ndarray) -> int:
        return int(classes[-1])

    def uninformed(self, outputs: Tensor) -> None:
        """Log-odds that are 0 everywhere would leave the grades between nothing."""

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        return None if target.ndim == 0 and 0 <= int(target) < self.grades else f"{target} is no grade of {self.grades}"


@hookimpl
def harness_targets() -> list[type[Target]]:
    return [OrdinalTarget]
