"""A series of several variables at even steps of time, as a data set reads it and a trained model is given it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DAY = 86_400
_SEASONS = ((3_600, DAY), (DAY, 7 * DAY), (7 * DAY, 364 * DAY), (31 * DAY, 365 * DAY))
"""(the longest step, the season) in seconds: a day of hours, a week of days, a year of weeks or months."""


@dataclass(frozen=True, eq=False)
class Series:
    """Values over time.

    Attributes:
        names: of the variables.
        values: float64 (N, D) in units of the data; NaN where missing.
        times: datetime64[s] (N,), ascending.
        units: of each variable ("°C"); empty: none.
    """

    names: tuple[str, ...]
    values: np.ndarray
    times: np.ndarray
    units: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def part(self, start: int, stop: int) -> Series:
        """Rows `start` to `stop`, not copied."""
        return Series(self.names, self.values[start:stop], self.times[start:stop], self.units)

    def columns(self, names: Sequence[str]) -> Series:
        """Some of the variables, in the order of `names`."""
        places = [self.names.index(name) for name in names]
        units = tuple(self.units[k] for k in places) if self.units else ()
        return Series(tuple(names), self.values[:, places], self.times, units)

    @property
    def step_s(self) -> int:
        """Seconds from one row to the next: the median; 0 for fewer than two rows."""
        return int(np.median(np.diff(self.times).astype(np.int64))) if len(self) > 1 else 0

    @classmethod
    def joined(cls, parts: Sequence[Series]) -> Series:
        """SplitPositions that follow each other."""
        return cls(
            parts[0].names,
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.times for part in parts]),
            parts[0].units,
        )


def season_of(step_s: int) -> int:
    """How many steps of so many seconds the season has that usually matters most; 1 where there is none."""
    for longest, season in _SEASONS:
        if 0 < step_s <= longest:
            return max(1, round(season / step_s))
    return 1


def filled(values: np.ndarray, most: int) -> np.ndarray:
    """Missing values (N, D) replaced by the last known one before, at most `most` in a row of gaps; NaN elsewhere.

    Only the past is used: interpolation would tell a forecast where a gap ends.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(missing, -1, rows), axis=0)  # row of the last known value
    usable = (last >= 0) & (rows - last <= most)
    return np.where(usable, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)
