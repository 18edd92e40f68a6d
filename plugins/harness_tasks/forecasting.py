"""Forecast several variables some steps ahead from a window of their past: pedestrians in a city out of the box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric, Prediction
from harness.contract.raw import RawExample
from harness.contract.specs import FrameInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.errors import ConfigError, DataError
from harness.metrics.forecasting import CRPS, MAE, MASE, MSE, SMAPE
from harness.targets import ForecastTarget
from harness.targets.forecast import check_quantiles
from harness_tasks.series import _baselines
from harness_tasks.series._windows import RawWindows, WindowSplit, WindowTable
from harness_tasks.series.calendar import cycles_for
from harness_tasks.series.series import Series, season_of
from harness_tasks.series.window_encoder import ForecastEncoder, WindowSettings
from harness_tasks.time_series import TimeSeries

HARNESS_CONTRACT = 2

_SPLITS = ("train", "val", "test")


class WindowLevel(Enum):
    """What of a window is taken off each of its variables, and added to the forecasts again."""

    none = "none"
    last = "last"
    mean = "mean"


def _pedestrians() -> Dataset:
    from harness_datasets.forecasting.pedestrians import Pedestrians

    return Pedestrians()


@dataclass
class Forecasting(DatasetTask):
    """Forecast the next `horizon` values of several variables from their last `lookback` ones.

    Variables are normalised by their mean and deviation in training. Windows of validation and test may look back into
    the split before, as published comparisons do, but no value is forecast in two splits; all windows are tested. A
    value that is missing is replaced by the one before, at most `fill` in a row and never in a forecast; windows with
    other gaps are left out, and counted.

    Fields:
        dataset: the series; see `TimeSeries`.
        lookback: steps of the past that a forecast sees; None: as the data set says, else 96 or, where training
            is short, a third of it.
        horizon: steps that are forecast; None: as the data set says, else 24.
        targets: names of the variables that are forecast; the others are only seen. None: as the data set says, else
            all.
        separate: forecast each variable by itself, with the same weights for all; otherwise all of them together.
        calendar: let the network see hour, weekday and month; None: as the data set says, else yes.
        known: names of variables that are known ahead (holidays, prices): seen `horizon` steps before their time.
        level: taken off each variable of a window and added to its forecasts, alike for every model. "last" makes
            repeating the last value what a network says by saying nothing, so that a series that has risen since
            training is no reason to fail; "mean" takes the mean of the window, which suits a strong season; "none"
            leaves all as it is. None: as the data set says, else last.
        patch: consecutive steps that the network reads as one, side by side, such as 24 for a day of hours; `lookback`
            must be a multiple of it. A network then has fewer steps to remember and to compute (Nie et al. 2023; Lin et
            al. 2023, SegRNN). None: as the data set says, else 1.
        quantiles: forecast these quantiles, such as [0.1,0.5,0.9], instead of values; 0.5 in the middle.
        stride: steps between the windows of training.
        eval_stride: steps between the windows of validation and test; 1: all of them.
        fill: how many missing values in a row are replaced.
        season: steps of a season, for the seasonal baseline and MASE; None: from the data set's steps of time.
    """

    name: ClassVar[str] = "forecasting"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = TimeSeries
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[ForecastTarget]] = ForecastTarget
    metrics: ClassVar[tuple[Metric, ...]] = (MSE, MAE, MASE, SMAPE, CRPS)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_pedestrians)
    lookback: int | None = None
    horizon: int | None = None
    targets: list[str] | None = None
    separate: bool = False
    calendar: bool | None = None
    known: list[str] | None = None
    level: WindowLevel | None = None
    patch: int | None = None
    quantiles: list[float] | None = None
    stride: int = 1
    eval_stride: int = 1
    fill: int = 3
    season: int | None = None

    def __post_init__(self) -> None:
        if self.level is not None:
            self.level = WindowLevel(self.level)
        for name, least in (
            ("lookback", 2),
            ("horizon", 1),
            ("stride", 1),
            ("eval_stride", 1),
            ("season", 1),
            ("patch", 1),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"task.{name} is {value}; it must be at least {least}.")
        if self.fill < 0:
            raise ValueError(f"task.fill is {self.fill}; it must be at least 0.")
        try:
            check_quantiles(self.quantiles or ())
        except ValueError as error:
            raise ValueError(f"task.{error}") from error

    @property
    def dataset_name(self) -> str:
        """The series, the horizon, and whether one variable is forecast or several: "ett.24.multivariate"."""
        targets = self.on_this_data("targets", None)
        form = "univariate" if targets and len(targets) == 1 else "multivariate"
        return f"{self.dataset.label}.{self.steps_ahead}.{form}"

    @property
    def steps_ahead(self) -> int:
        """The horizon, as set or as the data set says."""
        return int(self.on_this_data("horizon", 24))

    def setup(self) -> TaskData:
        """Windows of each split.

        Raises:
            DataError: the series is missing, too short, or has a gap in every window of a split.
            ConfigError: a variable that is named does not exist.
        """
        raw = self.dataset.read()
        parts = [_series(getattr(raw, name)) for name in _SPLITS]
        table = self._table(parts)
        s, splits, notes = table.encoder.settings, {}, dict(raw.notes)
        for name, (first, stop) in zip(_SPLITS, _bounds(parts), strict=True):
            starts, gaps = table.starts(first, stop, self.stride if name == "train" else self.eval_stride)
            if not len(starts):
                raise DataError(
                    f"The {name} part of data set '{self.dataset.label}' has {stop - first} rows and no whole window "
                    f"of {s.lookback} + {s.horizon} steps"
                    + (f"; {gaps} have a gap (see task.fill)." if gaps else "; set task.lookback and task.horizon.")
                )
            if gaps:
                notes[f"{name} windows left out, which have a gap"] = gaps
            splits[name] = WindowSplit(table, starts)
        notes["variables"] = len(s.targets)
        notes["lookback"] = s.lookback
        return TaskData(
            splits["train"],
            splits["val"],
            splits["test"],
            FrameInput(s.feature_dim),
            table.target,
            preprocessing=table.encoder,
            notes=notes,
        )

    def load_preprocessing(self, folder: Path) -> ForecastEncoder:
        """Names, scales and sizes of windows."""
        return ForecastEncoder.load(folder)

    def raw_examples(self, split: str) -> Sequence[RawExample]:
        """The windows of a split, in units of the data.

        Raises:
            DataError: as for `setup`.
        """
        found = getattr(self.setup(), split)
        assert isinstance(found, WindowSplit)
        return RawWindows(found)

    def tiny(self) -> Forecasting:
        """The data set's tiny form, in short windows and small batches."""
        return replace(
            self,
            dataset=self.dataset.tiny(),
            lookback=12,
            horizon=3,
            patch=None,
            targets=None,
            known=None,
            season=6,
            loader=Loader(batch_size=16),
        )

    def baselines(self) -> tuple[Baseline, ...]:
        """The last value, the last season, a linear regression, and the data set's own."""
        return (
            Baseline("repeat_last", "the last value of the window at every step", _baselines.repeat_last),
            Baseline("seasonal_naive", "the values of one season before", self._seasonal),
            Baseline(
                "linear", "ridge regression from the window to the steps ahead, one a variable", _baselines.linear
            ),
            *super().baselines(),
        )

    # -- private -------------------------------------------------------------------------------------

    def _season(self, train: Series) -> int:
        assert isinstance(self.dataset, TimeSeries)
        return self.season or self.dataset.season or season_of(train.step_s)

    def _seasonal(self, data: TaskData, seed: int) -> list[Prediction]:
        raw = self.dataset.read()
        parts = [_series(getattr(raw, name)) for name in _SPLITS]
        return _baselines.seasonal_naive(data, self._table(parts), self._season(parts[0]))

    def _table(self, parts: Sequence[Series]) -> WindowTable:
        """The whole series, with what is fitted on its training part."""
        series, train = Series.joined(parts), parts[0]
        known = self._named("known", self.known or (), series)
        targets = self._named(
            "targets", self.on_this_data("targets", None) or [n for n in series.names if n not in known], series
        )
        both = sorted(set(known) & set(targets))
        if both:
            raise ConfigError(f"Variable '{both[0]}' stands in task.targets and in task.known; it can be one of them.")
        others = tuple(name for name in series.names if name not in targets + known)
        lookback, horizon = self.on_this_data("lookback", None), self.steps_ahead
        if lookback is None:  # of a short series a third, so that there are windows to learn from
            lookback = min(96, max(2, len(train) // 3))
        if known and lookback < horizon:
            raise ConfigError(
                f"task.known needs a lookback of at least the horizon, so that every step ahead is seen: task.lookback "
                f"is {lookback}, task.horizon {horizon}."
            )
        patch = int(self.on_this_data("patch", 1))
        if lookback % patch:
            raise ConfigError(f"task.lookback is {lookback}; it must be a multiple of task.patch, which is {patch}.")
        names = targets + others + known
        values = train.columns(names).values
        counts = (~np.isnan(values)).sum(0)
        if (counts < 2).any():
            name = names[int(np.argmin(counts))]
            raise DataError(f"Variable '{name}' of data set '{self.dataset.label}' has no values in training.")
        means, deviations = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        deviations[deviations < 1e-12] = 1.0  # one that does not vary
        season = min(self._season(train), max(1, len(train) // 2))
        scaled = (values[:, : len(targets)] - means[: len(targets)]) / deviations[: len(targets)]
        seasonal = np.nanmean(np.abs(scaled[season:] - scaled[:-season]), axis=0)
        seasonal[~(seasonal > 1e-12)] = 1.0
        level = WindowLevel(self.on_this_data("level", WindowLevel.last))
        quantiles = tuple(float(q) for q in self.quantiles or ())
        settings = WindowSettings(
            lookback,
            horizon,
            targets,
            others,
            known,
            cycles_for(train.step_s) if self.on_this_data("calendar", True) else (),
            level.value,
            self.fill,
            tuple(means.tolist()),
            tuple(deviations.tolist()),
            tuple(seasonal.tolist()),
            quantiles,
            patch,
        )
        target = ForecastTarget(
            horizon,
            len(targets),
            targets,
            settings.means[: len(targets)],
            settings.deviations[: len(targets)],
            series.columns(targets).units,
            quantiles,
            level is not WindowLevel.none,
            self.separate,
            patch,
        )
        return WindowTable(series, ForecastEncoder(settings), target)

    def _named(self, option: str, names: Sequence[str], series: Series) -> tuple[str, ...]:
        for name in names:
            if name not in series.names:
                raise ConfigError(
                    f"task.{option} names '{name}', which is no variable of data set '{self.dataset.label}'. "
                    f"Its variables: {', '.join(series.names)}."
                )
        return tuple(dict.fromkeys(names))


def _series(part: Sequence[RawExample]) -> Series:
    found = part[0].input
    assert isinstance(found, Series)
    return found


def _bounds(parts: Sequence[Series]) -> list[tuple[int, int]]:
    """First row and end of each part."""
    ends = np.cumsum([len(part) for part in parts]).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Forecasting]
