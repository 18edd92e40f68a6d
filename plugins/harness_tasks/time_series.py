"""What data sets for forecasting derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.data.splitting import SplitPositions
from harness.errors import DataError
from harness_tasks.series.series import Series


@dataclass
class TimeSeries(Dataset):
    """Base of data sets for forecasting: each split is one raw example, whose input is a part of one series.

    The parts follow each other in time: training, validation, test. Rows are at even steps of time; a value that is
    missing is NaN. The task cuts windows from them.

    Class variables:
        season: steps of the season that matters most; None: a day of hours, a week of days, a year of weeks or months.
    """

    task: ClassVar[str] = "forecasting"
    raw_input: ClassVar[type] = Series
    season: ClassVar[int | None] = None


def in_parts(series: Series, parts: SplitPositions, notes: dict[str, str | int | float] | None = None) -> RawData:
    """The series divided in the order of time.

    Raises:
        DataError: a part would be empty.
    """
    ends = [len(parts.train), len(parts.train) + len(parts.val), len(series)]
    starts = [0, *ends[:2]]
    if any(start >= end for start, end in zip(starts, ends, strict=True)):
        raise DataError(f"A series of {len(series)} rows is too short to be divided into train, val and test.")
    train, val, test = (
        [RawExample(name, series.part(start, end), None, _stretch(series.times[start:end]))]
        for name, start, end in zip(("train", "val", "test"), starts, ends, strict=True)
    )
    missing = int(np.isnan(series.values).sum())
    known = dict(notes or {}) | {"split": parts.rule}
    if missing:
        known["values missing"] = missing
    return RawData(train, val, test, notes=known)


def _stretch(times: np.ndarray) -> str:
    return f"{times[0]} to {times[-1]}"
