"""Windows of a series, cut when they are asked for: nothing but the series itself is held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.contract.gathering import Gathered
from harness.contract.raw import RawExample
from harness.metrics.forecasting import ForecastExample
from harness.targets import ForecastTarget
from harness_tasks.series.calendar import calendar
from harness_tasks.series.series import Series, filled
from harness_tasks.series.window_encoder import ForecastEncoder

_SHOWN = 8  # steps of the past that a sample shows


class WindowTable:
    """A whole series, normalised, from which windows are cut.

    Args:
        series: all splits, one after the other.
        encoder: of windows.
        target: by which a window's past is written.

    Attributes:
        raw: the series with short gaps filled.
        past: float64 (N, names), normalised, short gaps filled.
        future: float64 (N, targets), normalised, with all gaps.
        cycles: float32 (N, 2 * cycles).
    """

    def __init__(self, series: Series, encoder: ForecastEncoder, target: ForecastTarget) -> None:
        s = encoder.settings
        ordered = series.columns(s.names)
        self.encoder, self.target, self.times = encoder, target, series.times
        self.raw = Series(s.names, filled(ordered.values, s.fill), series.times, ordered.units)
        self.past = encoder.normalised(self.raw)
        self.future = encoder.normalised(ordered)[:, : len(s.targets)]
        self.cycles = calendar(series.times, s.cycles)

    def starts(self, first: int, stop: int, stride: int) -> tuple[np.ndarray, int]:
        """Windows whose forecast lies in rows `first` to `stop`.

        Returns:
            starts: int64 (M,), the first row of the past of each; every `stride`-th of them.
            left_out: how many have a gap, and are not among them.
        """
        s = self.encoder.settings
        found = np.arange(max(0, first - s.lookback), stop - s.horizon - s.lookback + 1, stride, dtype=np.int64)
        whole = np.isnan(self.past).any(axis=1)
        ends = found + s.lookback
        bad = _any(whole, found, ends) | _any(np.isnan(self.future).any(axis=1), ends, ends + s.horizon)
        if s.known:
            bad |= _any(np.isnan(self.past[:, -len(s.known) :]).any(axis=1), ends, ends + s.horizon)
        return found[~bad], int(bad.sum())

    def inputs(self, starts: np.ndarray) -> np.ndarray:
        """float32 (B, lookback, F)."""
        s = self.encoder.settings
        rows = starts[:, None] + np.arange(s.lookback)
        longer = starts[:, None] + np.arange(s.lookback + s.horizon)
        known = self.past[:, len(s.names) - len(s.known) :]
        ahead = known[longer] if s.known else np.zeros((*longer.shape, 0))
        return self.encoder.features(self.past[rows], self.cycles[rows], ahead)

    def targets(self, starts: np.ndarray) -> np.ndarray:
        """float32 (B, horizon, targets)."""
        s = self.encoder.settings
        rows = starts[:, None] + s.lookback + np.arange(s.horizon)
        made: np.ndarray = self.future[rows].astype(np.float32)
        return made

    def name(self, start: int) -> str:
        """The time of the first step of the forecast."""
        return str(np.datetime_as_string(self.times[start + self.encoder.settings.lookback]))

    def shown(self, start: int) -> str:
        """The last steps of the past, as people read them."""
        stop = start + self.encoder.settings.lookback
        first = max(start, stop - _SHOWN)
        return self.target.text(self.past[first:stop, : self.target.dim])


class WindowSplit:
    """Examples of windows that begin at the given rows of a table.

    Neighbouring windows share steps, so they stand in blocks: windows whose first rows lie in the same stretch of
    lookback + horizon rows. Windows of blocks that are no neighbours share none.
    """

    def __init__(self, table: WindowTable, starts: np.ndarray) -> None:
        self.table, self._starts = table, starts
        self.input_lengths = np.full(len(starts), table.encoder.settings.steps, dtype=np.int64)
        self.target_lengths = np.full(len(starts), table.encoder.settings.horizon, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> ForecastExample:
        start = int(self._starts[index])
        one = np.array([start])
        table = self.table
        return ForecastExample(
            table.name(start),
            table.inputs(one)[0],
            table.targets(one)[0],
            source=table.shown(start),
            block=self._block(start),
            scales=table.encoder.scales,
        )

    def _block(self, start: int) -> str:
        s = self.table.encoder.settings
        first = int(self._starts[0])
        return self.table.name(first + (start - first) // (s.lookback + s.horizon) * (s.lookback + s.horizon))

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered | None:
        """Windows side by side; all have one length."""
        starts = self._starts[positions]
        ids = tuple(self.table.name(start) for start in starts.tolist())
        lengths = self.input_lengths[positions], self.target_lengths[positions]
        return Gathered(ids, self.table.inputs(starts), lengths[0], self.table.targets(starts), lengths[1])


class RawWindows(Sequence[RawExample]):
    """The same windows before they are encoded: the past in units of the data, and the values that followed."""

    def __init__(self, split: WindowSplit) -> None:
        self._split, self._table = split, split.table

    @property
    def ids(self) -> list[str]:
        """Of the examples."""
        return [self._table.name(start) for start in self._split._starts.tolist()]

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        start, s = int(self._split._starts[index]), self._table.encoder.settings
        stop = start + s.lookback
        past = self._table.raw.part(start, stop + (s.horizon if s.known else 0))
        if s.known:
            values = past.values.copy()
            values[s.lookback :, : -len(s.known)] = np.nan
            past = Series(past.names, values, past.times, past.units)
        # No gap is in a forecast, so what is filled there is what is known.
        future = self._table.raw.values[stop : stop + s.horizon, : len(s.targets)]
        return RawExample(self._table.name(start), past, future, self._table.shown(start))


def _any(rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """bool (M,): whether a row from start to stop is marked."""
    before = np.concatenate([[0], np.cumsum(rows)])
    marked: np.ndarray = before[np.minimum(stops, len(rows))] > before[starts]
    return marked
