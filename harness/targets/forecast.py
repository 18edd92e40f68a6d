"""Future values of several variables: squared error, and the error of every step ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec
from harness.contract.target import Answer, Decoding, HeadContext, Layout, Needs, Target

if TYPE_CHECKING:
    from torch import Tensor, nn

    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2

_MOST_STEPS, _MOST_VARIABLES = 12, 6  # that a text shows


@dataclass(frozen=True)
class ForecastTarget(Target):
    """`horizon` future values of `dim` variables on the train-normalised scale: float32 (B, horizon, dim).

    Texts are in units of the data where the scale is given: "12.3, 12.9, 13.4 °C". They are made of `Prediction.output`
    and, where an example has no `references`, of its target. `text` also writes a series of inputs, (T, dim).

    Attributes:
        horizon: how many steps ahead.
        dim: how many variables.
        names: of the variables; empty: texts have none.
        means, deviations: of each variable on the training split, by which the task normalised; empty: texts are on
            the normalised scale.
        units: of each variable ("°C"); empty: texts have none.
    """

    name: ClassVar[str] = "forecast"
    needs: ClassVar[Needs] = Needs("summary")
    overlapping: ClassVar[bool] = True
    parts: ClassVar[str] = "horizon"

    horizon: int
    dim: int
    names: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what in ("names", "means", "deviations", "units"):
            if len(getattr(self, what)) not in (0, self.dim):
                raise ValueError(f"{what} of a ForecastTarget must be empty or have dim={self.dim} entries")

    @property
    def layout(self) -> Layout:
        """A table of steps and variables."""
        return Layout((self.horizon, self.dim), "float32")

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> ForecastTarget:
        """`size` steps of `size` variables."""
        return cls(size, size)

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer from the summary to all values at once."""
        from harness.nn.heads import TableHead

        return TableHead(context.summary_dim, self.horizon, self.dim, context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, horizon, dim)."""
        return (rows, self.horizon, self.dim)

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
        """Squared error, summed over values."""
        return (outputs.float() - targets).square().flatten(1).sum(1)

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The values, (horizon, dim) as lists."""
        return [Answer(table) for table in outputs.float().tolist()]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The values of each variable in units of the data, step by step; the middle of many is left out."""
        values = np.asarray(output, dtype=float).reshape(-1, self.dim)  # (steps, dim)
        deviations = np.array(self.deviations or (1.0,) * self.dim)
        values = np.array(self.means or (0.0,) * self.dim) + deviations * values
        told = []
        for k in range(min(self.dim, _MOST_VARIABLES)):
            numbers = _shortened([f"{value:.{decimals(deviations[k])}f}" for value in values[:, k]])
            before = f"{self.names[k]} " if self.names else ""
            after = f" {self.units[k]}" if self.units and self.units[k] else ""
            told.append(f"{before}{numbers}{after}")
        more = self.dim - len(told)
        return "; ".join(told) + (f"; and {more} more variables" if more else "")

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Mean squared and mean absolute error."""
        from harness.metrics.forecasting import MAE, MSE

        return MSE, MAE

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, ForecastTarget], ...]:
        """Two steps of recordings, and of series on a graph."""
        return (FrameInput(5), cls(2, 5)), (GraphSeriesInput(3, 2, ((0, 1), (1, 2))), cls(2, 3))

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The number of the class shown last, everywhere."""
        return np.full((self.horizon, self.dim), classes[-1], dtype=np.float32)

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """Finite values (horizon, dim) are right."""
        shape = (self.horizon, self.dim)
        if target.shape != shape:
            return f"the target has shape {target.shape}, not {shape}"
        return None if np.isfinite(target).all() else "the target is not finite"


def decimals(deviation: float) -> int:
    """Decimal places with which a value of a variable of that deviation is worth reading: 2 of 1, 1 of 10, 0 of 100."""
    if not 0 < deviation < np.inf:
        return 2
    return int(np.clip(1 - np.floor(np.log10(deviation / 3)), 0, 9))


def _shortened(numbers: Sequence[str]) -> str:
    if len(numbers) > _MOST_STEPS:
        numbers = [*numbers[: _MOST_STEPS // 2], "…", *numbers[-(_MOST_STEPS // 2 - 1) :]]
    return ", ".join(numbers)


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [ForecastTarget]
