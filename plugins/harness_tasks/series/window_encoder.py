"""How a window of a series becomes a network's input: normalised, its level taken off, with what is known ahead."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.errors import DataError
from harness.metrics.forecasting import ForecastExample, VariableScales
from harness_tasks.series.calendar import calendar
from harness_tasks.series.series import Series, filled

_FILE = "series.json"


@dataclass(frozen=True)
class WindowSettings:
    """What a window holds.

    Attributes:
        lookback, horizon: steps of the past and of the forecast.
        targets: names of the variables that are forecast.
        others: of those that are only observed.
        known: of those that are known ahead.
        cycles: of the calendar.
        level: "none", "last" or "mean": what of a window is taken off every variable of it.
        fill: how many missing values in a row are replaced by the last one before.
        means, deviations: of targets, others and known ones on the training split.
        seasonal: of targets; see `VariableScales`.
        quantiles: of forecasts.
        patch: consecutive steps that the network reads as one.
    """

    lookback: int
    horizon: int
    targets: tuple[str, ...]
    others: tuple[str, ...]
    known: tuple[str, ...]
    cycles: tuple[str, ...]
    level: str
    fill: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    seasonal: tuple[float, ...]
    quantiles: tuple[float, ...] = ()
    patch: int = 1

    @property
    def steps(self) -> int:
        """T of an input."""
        return self.lookback // self.patch

    @property
    def names(self) -> tuple[str, ...]:
        """Targets, others, known ones."""
        return self.targets + self.others + self.known

    @property
    def feature_dim(self) -> int:
        """F: targets, others, calendar, known ones at the step and a horizon later, level of the targets.

        With patches a step holds those of `patch` steps, variable by variable, and the calendar of the first.
        """
        level = len(self.targets) if self.level != "none" else 0
        values = len(self.targets) + len(self.others) + 2 * len(self.known)
        return values * self.patch + 2 * len(self.cycles) + level


class ForecastEncoder(Preprocessing):
    """Windows of a series with named variables."""

    def __init__(self, settings: WindowSettings) -> None:
        self.settings = settings
        self._means, self._deviations = np.array(settings.means), np.array(settings.deviations)
        dim = len(settings.targets)
        self.scales = VariableScales(
            self._means[:dim], self._deviations[:dim], np.array(settings.seasonal), settings.quantiles
        )

    @property
    def takes(self) -> str:
        """A series with the variables it was trained on."""
        s = self.settings
        ahead = f", and {s.horizon} rows ahead with {', '.join(s.known)} alone" if s.known else ""
        return (
            f"the last {s.lookback} rows of a series with {', '.join(s.targets + s.others + s.known)}{ahead}: "
            "a table's path, a harness_tasks.series.series.Series, (values, times), or an array of values where no "
            "calendar is used"
        )

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, F) of the last rows of a series.

        Raises:
            DataError: rows or variables are missing.
        """
        s = self.settings
        series = self._series(source)
        rows = s.lookback + (s.horizon if s.known else 0)
        if len(series) < rows:
            ahead = f" ({s.lookback} of the past and {s.horizon} ahead with what is known)" if s.known else ""
            raise DataError(f"The series has {len(series)} rows; this model takes at least {rows}{ahead}.")
        series = series.part(len(series) - rows, len(series))
        values = self.normalised(series)
        values[:, : len(s.names)] = filled(values, s.fill)
        past, ahead_part = values[: s.lookback], values[s.lookback :, len(s.names) - len(s.known) :]
        if np.isnan(past).any() or np.isnan(ahead_part).any():
            raise DataError(f"The series has gaps of more than {s.fill} steps in the window, which cannot be filled.")
        known = np.concatenate([past[:, len(s.names) - len(s.known) :], ahead_part])
        return self.features(past[None], calendar(series.times[: s.lookback], s.cycles)[None], known[None])[0]

    def features(self, past: np.ndarray, cycles: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The input of several windows.

        Args:
            past: float64 (B, lookback, names), normalised.
            cycles: float32 (B, lookback, 2 * cycles).
            known: float64 (B, lookback + horizon, known).
        """
        s, dim = self.settings, len(self.settings.targets)
        own = past[..., : dim + len(s.others)]
        parts = [own, cycles[:, :: s.patch]]
        if s.known:
            ahead = known[:, : s.lookback], known[:, s.horizon : s.horizon + s.lookback]
            parts += [_patched(part, s.patch) for part in ahead]
        if s.level != "none":
            # A running sum adds in one order however many windows there are, so each has the same bits alone.
            level = own[:, -1:] if s.level == "last" else own.cumsum(axis=1)[:, -1:] / s.lookback
            parts[0] = own - level
            parts.append(np.broadcast_to(level[..., :dim], (len(past), s.steps, dim)))
        parts[0] = _patched(parts[0], s.patch)
        return np.concatenate(parts, axis=-1, dtype=np.float32, casting="same_kind")

    def normalised(self, series: Series) -> np.ndarray:
        """float64 (N, names) on the scale of training, in the order of `WindowSettings.names`.

        Raises:
            DataError: a variable is missing.
        """
        missing = [name for name in self.settings.names if name not in series.names]
        if missing:
            raise DataError(
                f"The series has no variable '{missing[0]}'. This model takes {', '.join(self.settings.names)}; found "
                f"{', '.join(series.names)}."
            )
        return (series.columns(self.settings.names).values - self._means) / self._deviations

    def encode_target(self, answer: Any) -> np.ndarray:
        """float32 (horizon, dim) on the scale of training, of values in units of the data.

        Raises:
            DataError: the answer has another shape.
        """
        values = np.asarray(answer, dtype=np.float64)
        shape = (self.settings.horizon, len(self.settings.targets))
        if values.shape != shape:
            raise DataError(f"The answer has shape {values.shape}; expected (horizon, variables) = {shape}.")
        made: np.ndarray = ((values - self.scales.means) / self.scales.deviations).astype(np.float32)
        return made

    def example(self, raw: RawExample) -> ForecastExample:
        """A raw window, encoded.

        Raises:
            DataError: as for `encode` and `encode_target`.
        """
        return ForecastExample(
            raw.id, self.encode(raw.input), self.encode_target(raw.target), source=raw.source, scales=self.scales
        )

    def save(self, folder: Path) -> None:
        """Write `series.json`."""
        (folder / _FILE).write_text(json.dumps(asdict(self.settings), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ForecastEncoder:
        """Read what `save` wrote."""
        content: dict[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
        return cls(WindowSettings(**settings))

    def _series(self, source: Any) -> Series:
        """A source as a series; one without times only where no calendar is asked."""
        s = self.settings
        if isinstance(source, Series):
            return source
        if isinstance(source, str | Path):
            return _of_table(Path(source), s.names)
        times = None
        if isinstance(source, tuple) and len(source) == 2:
            source, times = source[0], np.asarray(source[1], dtype="datetime64[s]")
        if not isinstance(source, np.ndarray):
            raise DataError(f"Forecasting takes {self.takes}, not {type(source).__name__}.")
        if source.ndim != 2 or source.shape[1] != len(s.names):
            raise DataError(
                f"An array of shape {source.shape} holds no rows of {len(s.names)} variables ({', '.join(s.names)})."
            )
        if times is None and s.cycles:
            raise DataError("This model reads the calendar: give (values, times), with a time for each row.")
        if times is None:
            times = np.arange(len(source)).astype("datetime64[s]")
        if len(times) != len(source):
            raise DataError(f"There are {len(times)} times for {len(source)} rows.")
        return Series(s.names, source.astype(np.float64), times)


def _of_table(path: Path, names: tuple[str, ...]) -> Series:
    """Variables of a table, at even steps, as the data set `csv` reads them.

    Raises:
        DataError: it cannot be read, or lacks a variable or times.
    """
    from harness_datasets.forecasting.series_table import SeriesTable

    found = SeriesTable(root=path, columns=list(names)).read()
    return Series.joined([part[0].input for part in (found.train, found.val, found.test)])


def _patched(values: np.ndarray, patch: int) -> np.ndarray:
    """(B, T, C) as (B, T / patch, C * patch): the steps of a patch side by side, variable by variable."""
    if patch == 1:
        return values
    rows, steps, channels = values.shape
    parts = values.reshape(rows, steps // patch, patch, channels).swapaxes(2, 3)
    return parts.reshape(rows, steps // patch, channels * patch)
