"""A few numbers for a whole input: squared error, mean errors and R²."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec
from harness.contract.target import Answer, Layout, Needs, Target
from harness.contract.target_context import Decoding, HeadContext

if TYPE_CHECKING:
    from torch import Tensor, nn

    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class RegressionTarget(Target):
    """`dim` numbers on the train-normalised scale: target float32 (B, dim), output (B, dim), squared error.

    Attributes:
        dim: how many numbers.
        names: of the numbers; empty: texts have none.
        means, deviations: of each number on the training split, so that texts are in units of the data; empty: texts
            are on the normalised scale.
    """

    name: ClassVar[str] = "regression"
    needs: ClassVar[Needs] = Needs("summary")
    keeps_input: ClassVar[bool] = False  # a whole split of videos would fill memory

    dim: int = 1
    names: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for what in ("names", "means", "deviations"):
            if len(getattr(self, what)) not in (0, self.dim):
                raise ValueError(f"{what} of a RegressionTarget must be empty or have dim={self.dim} entries")

    @property
    def layout(self) -> Layout:
        """`dim` numbers."""
        return Layout((self.dim,), "float32")

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> RegressionTarget:
        """`size` numbers."""
        return cls(size)

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the summary."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.summary_dim, self.dim, context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, dim)."""
        return (rows, self.dim)

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
        """Squared error, summed over numbers."""
        return (outputs.float() - targets).square().sum(1)

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The numbers."""
        return [Answer(row) for row in outputs.float().tolist()]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The numbers in units of the data, each after its name."""
        means, deviations = self.means or (0.0,) * self.dim, self.deviations or (1.0,) * self.dim
        values = [f"{m + d * x:.4g}" for x, m, d in zip(output, means, deviations, strict=True)]
        if self.names:
            values = [f"{name} {value}" for name, value in zip(self.names, values, strict=True)]
        return ", ".join(values)

    def details(self, answer: Answer) -> Mapping[str, Any]:
        """The numbers in units of the data, by their names where they have some."""
        means, deviations = self.means or (0.0,) * self.dim, self.deviations or (1.0,) * self.dim
        values = [m + d * x for x, m, d in zip(answer.output, means, deviations, strict=True)]
        return {"values": dict(zip(self.names, values, strict=True)) if self.names else values}

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Mean squared error, mean absolute error and R²."""
        from harness.metrics.regression import R_SQUARED, VALUE_MAE, VALUE_MSE

        return VALUE_MSE, VALUE_MAE, R_SQUARED

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, RegressionTarget], ...]:
        """Two numbers for recordings."""
        return ((FrameInput(5), cls(2)),)

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The number of the class shown last, from -1 to 1, everywhere."""
        return np.full(self.dim, classes[-1] - 1, dtype=np.float32)

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """`dim` finite numbers are right."""
        if target.shape != (self.dim,):
            return f"the target has shape {target.shape}, not ({self.dim},)"
        return None if np.isfinite(target).all() else "the target is not finite"


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [RegressionTarget]
