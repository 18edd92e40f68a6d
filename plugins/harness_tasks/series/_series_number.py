"""Series with a number as examples: values as they are, gathered without a loop over examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered, Ragged
from harness.contract.preprocessing import Preprocessing
from harness.errors import DataError
from harness_tasks.series._labelled_series import values_of_table
from harness_tasks.series_with_number import NumberedSeries

_FILE = "series.json"


class SeriesNumberEncoder(Preprocessing):
    """Series of F variables, as they are."""

    def __init__(self, variables: int) -> None:
        self.variables = variables

    @property
    def takes(self) -> str:
        """An array, or a table."""
        return f"a series: an array (T, {self.variables}), or the path of a table with a row a step"

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, F).

        Raises:
            DataError: no such array, an empty one, or a value that is not finite.
        """
        if isinstance(source, str | Path):
            source = values_of_table(Path(source))
        if not isinstance(source, np.ndarray):
            raise DataError(f"series regression takes {self.takes}, not {type(source).__name__}.")
        if source.ndim != 2 or source.shape[1] != self.variables or not len(source):
            raise DataError(f"an array of shape {source.shape} is no series of (T, {self.variables}).")
        made: np.ndarray = source.astype(np.float32)
        if not np.isfinite(made).all():
            raise DataError("a series must be finite; this one is not.")
        return made

    def encode_target(self, answer: Any) -> np.ndarray:
        """float32 (1,).

        Raises:
            DataError: no number.
        """
        if isinstance(answer, bool) or not isinstance(answer, int | float):
            raise DataError(f"the answer to a series is a number, not {type(answer).__name__}.")
        return np.array([answer], dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write `series.json`."""
        (folder / _FILE).write_text(json.dumps({"variables": self.variables}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SeriesNumberEncoder:
        """Read what `save` wrote."""
        return cls(int(json.loads((folder / _FILE).read_text(encoding="utf-8"))["variables"]))


class NumberedSeriesSplit:
    """Series with a number as a split."""

    def __init__(self, series: NumberedSeries) -> None:
        self._series = series
        self._values = Ragged.of(series.values)
        self._numbers = np.array(series.numbers, dtype=np.float32)[:, None]
        self.input_lengths: np.ndarray = self._values.lengths
        self.target_lengths: np.ndarray = np.ones(len(series), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._series)

    def __getitem__(self, index: int) -> Example:
        raw = self._series[index]
        return Example(raw.id, self._values[index], self._numbers[index], (), raw.id, raw.units)

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Padded values, and numbers."""
        inputs, lengths = self._values.padded(positions, input_pad)
        ids = tuple(self._series[i].id for i in positions.tolist())
        return Gathered(ids, inputs, lengths, self._numbers[positions], self.target_lengths[positions])
