"""Future values of several variables, as points or as quantiles, and how a window of the past is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec
from harness.contract.target import Answer, Layout, Needs, Target
from harness.contract.target_context import Decoding, HeadContext
from harness.targets import forecast_files

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from harness.contract.batch import Example
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric, Prediction
    from harness.contract.model import EncoderOutput

HARNESS_CONTRACT = 2

_MOST_STEPS, _MOST_VARIABLES = 12, 6  # that a text shows
_DRAWN, _DRAWN_VARIABLES, _DRAWN_STEPS = 4, 2, 720  # test windows, variables and steps of each that a report draws


@dataclass(frozen=True)
class ForecastTarget(Target):
    """`horizon` future values of `dim` variables on the train-normalised scale: float32 (B, horizon, dim).

    Texts are in units of the data where the scale is given: "12.3, 12.9, 13.4 °C". They are made of `Prediction.output`
    and, where an example has no `references`, of its target. `text` also writes a series of inputs, (T, dim).

    Without `quantiles` the loss is the squared error, and an answer is (horizon, dim). With them it is twice the mean
    pinball loss over quantiles (Koenker and Bassett 1978), an approximation of the CRPS, and an answer is
    (horizon, dim, Q), sorted along Q so that quantiles do not cross; the median is the point forecast.

    Attributes:
        horizon: how many steps ahead.
        dim: how many variables.
        names: of the variables; empty: texts have none.
        means, deviations: of each variable on the training split, by which the task normalised; empty: texts are on
            the normalised scale.
        units: of each variable ("°C"); empty: texts have none.
        quantiles: ascending, between 0 and 1, with 0.5 in the middle; empty: point forecasts.
        level: the last `dim` channels of the input are the level of each variable in the window. They are not
            embedded; the head adds them to its forecasts, so that a network forecasts the difference from the level.
        separate: every variable is forecast by itself, with the same weights: the first `dim` channels of the input are
            the past of the variables, and the network is given one of them at a time, with all channels that follow
            (Nie et al. 2023, "A Time Series is Worth 64 Words", section 3.1, channel independence).
        patch: so many consecutive values of each variable stand in one step of the input, side by side.
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
    quantiles: tuple[float, ...] = ()
    level: bool = False
    separate: bool = False
    patch: int = 1

    def __post_init__(self) -> None:
        for what in ("names", "means", "deviations", "units"):
            if len(getattr(self, what)) not in (0, self.dim):
                raise ValueError(f"{what} of a ForecastTarget must be empty or have dim={self.dim} entries")
        check_quantiles(self.quantiles)

    @property
    def layout(self) -> Layout:
        """A table of steps and variables."""
        return Layout((self.horizon, self.dim), "float32")

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> ForecastTarget:
        """`size` steps of `size` variables."""
        return cls(size, size)

    # -- network -------------------------------------------------------------------------------------

    def embedded(self, inputs: InputSpec) -> InputSpec:
        """One variable and what follows, where they are separate; the level of variables never."""
        if not isinstance(inputs, FrameInput):
            return inputs
        less = self.dim * self.level + (self.dim - 1) * self.patch * self.separate
        return FrameInput(inputs.feature_dim - less)

    def before_encoder(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, F') or, where variables are separate, (B * dim, T, F')."""
        import torch

        if self.level:
            inputs = inputs[..., : -self.dim]
        if not self.separate:
            return inputs, lengths
        both = self.dim * self.patch
        own = inputs[..., :both].unflatten(-1, (self.dim, self.patch)).transpose(1, 2)  # (B, dim, T, patch)
        rest = inputs[:, None, :, both:].expand(-1, self.dim, -1, -1)  # (B, dim, T, F' - patch)
        return torch.cat([own, rest], -1).flatten(0, 1), lengths.repeat_interleave(self.dim)

    def after_encoder(self, encoded: EncoderOutput, inputs: Tensor, lengths: Tensor) -> EncoderOutput:
        """Summaries (B, S) or (B, dim, S), with the level behind; features of all variables side by side."""
        import torch

        if self.separate:
            rows = (len(inputs), self.dim)
            encoded = encoded._replace(
                features=encoded.features.unflatten(0, rows).transpose(1, 2).flatten(2),  # (B, T', dim * H)
                lengths=encoded.lengths.unflatten(0, rows)[:, 0],
                summary=encoded.summary.unflatten(0, rows),
            )
        if self.level:
            last = inputs[torch.arange(len(inputs), device=inputs.device), lengths - 1, -self.dim :]  # (B, dim)
            level = last.unsqueeze(-1) if self.separate else last
            encoded = encoded._replace(summary=torch.cat([encoded.summary, level.to(encoded.summary.dtype)], -1))
        return encoded

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer from the summary to all values at once."""
        from harness.nn.heads import ForecastHead, TableHead

        dropout = context.options.head_dropout
        if not (self.quantiles or self.level or self.separate):
            return TableHead(context.summary_dim, self.horizon, self.dim, dropout)
        numbers = max(1, len(self.quantiles))
        return ForecastHead(
            context.summary_dim, self.horizon, self.dim, numbers, dropout, separate=self.separate, level=self.level
        )

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, horizon, dim), or (B, horizon, dim, Q or 1) where there are quantiles, levels or separate variables."""
        plain = not (self.quantiles or self.level or self.separate)
        return (rows, self.horizon, self.dim, *(() if plain else (max(1, len(self.quantiles)),)))

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
        """Squared error, or twice the pinball loss averaged over quantiles; summed over values."""
        if not self.quantiles:
            return (outputs.float().reshape(targets.shape) - targets).square().flatten(1).sum(1)
        error = targets.unsqueeze(-1) - outputs.float()  # (B, horizon, dim, Q)
        level = error.new_tensor(self.quantiles)
        return 2 * (level * error).maximum((level - 1) * error).mean(-1).flatten(1).sum(1)

    # -- answers -------------------------------------------------------------------------------------

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """The values, (horizon, dim) or (horizon, dim, Q) as lists."""
        outputs = outputs.float()
        if self.quantiles:
            outputs = outputs.sort(-1).values
        elif outputs.ndim == 4:
            outputs = outputs.squeeze(-1)
        return [Answer(table) for table in outputs.tolist()]

    def perfect(self, target: np.ndarray) -> Answer:
        """The values; every quantile of what is certain is the value."""
        if not self.quantiles:
            return Answer(target.tolist())
        return Answer(np.repeat(target[..., None], len(self.quantiles), axis=-1).tolist())

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """The values of each variable in units of the data, step by step; the middle of many is left out."""
        values = np.asarray(output, dtype=float)
        if self.quantiles and values.ndim == 3:
            values = values[..., len(self.quantiles) // 2]
        values = self._in_units(values.reshape(-1, self.dim))  # (steps, dim)
        told = []
        for k in range(min(self.dim, _MOST_VARIABLES)):
            places = decimals(self.deviations[k] if self.deviations else 1.0)
            # Adding 0 makes minus zero zero.
            numbers = _shortened([f"{value:.{places}f}" for value in np.round(values[:, k], places) + 0.0])
            before = f"{self.names[k]} " if self.names else ""
            after = f" {self.units[k]}" if self.units and self.units[k] else ""
            told.append(f"{before}{numbers}{after}")
        more = self.dim - len(told)
        return "; ".join(told) + (f"; and {more} more variables" if more else "")

    def details(self, answer: Answer) -> Mapping[str, Any]:
        """The values of each variable, step by step, in units of the data: {"forecast": {"a": [...]}}.

        Where quantiles are forecast, the forecast is their middle, and there is {"quantiles": {"0.1": {"a": [...]}}}.
        """
        values = np.asarray(answer.output, dtype=float).reshape(self.horizon, self.dim, -1)  # (horizon, dim, 1 or Q)
        names = self.names or tuple(f"variable {k + 1}" for k in range(self.dim))
        tables = [self._in_units(values[..., k]).T.tolist() for k in range(values.shape[2])]
        told = [dict(zip(names, table, strict=True)) for table in tables]
        made: dict[str, Any] = {"forecast": told[len(told) // 2]}
        if self.quantiles and len(told) == len(self.quantiles):
            made["quantiles"] = {f"{q:g}": table for q, table in zip(self.quantiles, told, strict=True)}
        return made

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Mean squared and mean absolute error."""
        from harness.metrics.forecasting import MAE, MSE

        return MSE, MAE

    def charts(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, Any]:
        """A few test windows in units of the data: past, truth and forecast of the first variables.

        {"forecasts": {"quantiles": [0.1, ...], "windows": [{"id", "variables": [{"name", "unit", "past": [...],
        "truth": [...], "forecast": [[...] a step, one number or one a quantile]}]}]}}. The windows are those whose ids
        have the smallest SHA-256: not picked by hand, and the same for every model.
        """
        import hashlib

        order = sorted(range(len(examples)), key=lambda i: hashlib.sha256(examples[i].id.encode()).hexdigest())
        windows = [self._drawn(predictions[i], examples[i]) for i in order[:_DRAWN]]
        return {"forecasts": {"quantiles": list(self.quantiles), "windows": windows}} if windows else {}

    def answer_files(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, bytes]:
        """All forecasts with the truth, as `forecast_files.packed` lays them out."""
        if not predictions:
            return {}
        names = self.names or tuple(f"variable {k + 1}" for k in range(self.dim))
        scales = forecast_files.Scales(
            names,
            self.units or ("",) * self.dim,
            self.means or (0.0,) * self.dim,
            self.deviations or (1.0,) * self.dim,
        )
        forecast = np.array([p.output for p in predictions], dtype=np.float32)
        forecast = forecast.reshape(len(predictions), self.horizon, self.dim, -1)  # (N, horizon, dim, 1 or Q)
        # The point forecast of a baseline has no quantiles even where models have.
        quantiles = self.quantiles if len(self.quantiles) == forecast.shape[-1] else ()
        truth = np.array([e.target for e in examples], dtype=np.float32)
        return forecast_files.packed([e.id for e in examples], truth, forecast, quantiles, scales)

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """`forecasts.csv` and `scales.csv`; see `harness.targets.forecast_files`.

        Raises:
            DataError: the run's folder is not here.
        """
        return forecast_files.tables(kept)

    def _drawn(self, prediction: Prediction, example: Example) -> dict[str, Any]:
        truth = self._in_units(np.asarray(example.target, dtype=float))  # (horizon, dim)
        forecast = np.asarray(prediction.output, dtype=float).reshape(self.horizon, self.dim, -1)
        if len(self.quantiles) != forecast.shape[-1]:  # a baseline's point forecast, or no quantiles at all
            forecast = forecast[..., :1]
        forecast = self._in_units(forecast.swapaxes(1, 2)).swapaxes(1, 2)  # variables last, and back
        given = None if example.input is None else np.asarray(example.input, dtype=float)
        fits = given is not None and given.ndim == 2 and given.shape[1] >= self.dim * (self.patch + self.level)
        past = self._in_units(self.past(given)) if given is not None and fits else np.zeros((0, self.dim))
        variables = [
            {
                "name": self.names[k] if self.names else f"variable {k + 1}",
                "unit": self.units[k] if self.units else "",
                "past": _rounded(past[-_DRAWN_STEPS:, k]),
                "truth": _rounded(truth[:_DRAWN_STEPS, k]),
                "forecast": [_rounded(row) for row in forecast[:_DRAWN_STEPS, k]],
            }
            for k in range(min(self.dim, _DRAWN_VARIABLES))
        ]
        return {"id": example.id, "variables": variables}

    def past(self, inputs: np.ndarray) -> np.ndarray:
        """The variables of inputs (..., T, F), (..., T * patch, dim), with their level."""
        *rows, steps, _ = inputs.shape
        own = inputs[..., : self.dim * self.patch].reshape(*rows, steps, self.dim, self.patch)
        values: np.ndarray = own.swapaxes(-1, -2).reshape(*rows, steps * self.patch, self.dim)
        return values + inputs[..., :1, -self.dim :] if self.level else values

    def _in_units(self, values: np.ndarray) -> np.ndarray:
        """(..., dim) from the normalised scale."""
        return np.array(self.means or (0.0,) * self.dim) + np.array(self.deviations or (1.0,) * self.dim) * values

    # -- testing -------------------------------------------------------------------------------------

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, ForecastTarget], ...]:
        """Two steps of recordings, of series on a graph, and quantiles."""
        return (
            (FrameInput(5), cls(2, 5)),
            (GraphSeriesInput(3, 2, ((0, 1), (1, 2))), cls(2, 3)),
            (FrameInput(3), cls(2, 1, quantiles=(0.1, 0.5, 0.9))),
        )

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The number of the class shown last, everywhere."""
        return np.full((self.horizon, self.dim), classes[-1], dtype=np.float32)

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """Finite values (horizon, dim) are right."""
        shape = (self.horizon, self.dim)
        if target.shape != shape:
            return f"the target has shape {target.shape}, not {shape}"
        return None if np.isfinite(target).all() else "the target is not finite"

    def uninformed(self, outputs: Tensor) -> Tensor | None:
        """The mean of training, 0; where levels are added, forecasts are informed from the start."""
        return None if self.level else super().uninformed(outputs)


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Whether quantiles are ascending, between 0 and 1, with the median in the middle.

    Raises:
        ValueError: they are not.
    """
    given = list(quantiles)
    if given and not (given == sorted(set(given)) and given[0] > 0 and given[-1] < 1 and 0.5 in given):
        raise ValueError(f"quantiles are {given}; they must ascend, lie between 0 and 1, and include 0.5.")


def _middle(values: Sequence[float]) -> float | None:
    return values[len(values) // 2] if len(values) % 2 else None


def decimals(deviation: float) -> int:
    """Decimal places with which a value of a variable of that deviation is worth reading: 2 of 1, 1 of 10, 0 of 100."""
    if not 0 < deviation < np.inf:
        return 2
    return int(np.clip(1 - np.floor(np.log10(deviation / 3)), 0, 9))


def _rounded(values: np.ndarray) -> list[float]:
    """Six digits are enough for a drawing."""
    return [float(f"{value:.6g}") for value in values]


def _shortened(numbers: Sequence[str]) -> str:
    if len(numbers) > _MOST_STEPS:
        numbers = [*numbers[: _MOST_STEPS // 2], "…", *numbers[-(_MOST_STEPS // 2 - 1) :]]
    return ", ".join(numbers)


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [ForecastTarget]
