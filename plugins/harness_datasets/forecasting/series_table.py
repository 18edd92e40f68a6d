"""Your own series: a table with a column of times and columns of numbers (CSV, TSV, JSON)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import FileSource, Source
from harness.data.splitting import Shares, in_time_order
from harness.data.tables import DataTable, read_table, roles
from harness.errors import DataError
from harness_datasets.forecasting._time_grid import averaged, even, step_of
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

_FEWEST = 10


class Duplicates(Enum):
    """What becomes of rows of one time."""

    refuse = "refuse"
    mean = "mean"
    first = "first"
    last = "last"


@dataclass
class SeriesTable(TimeSeries):
    """Numbers over time from a table of any dialect, in the order of time: the first part trains, the last is the test.

    Rows must be at even steps (seconds, weekdays or months); rows that are not there are missing values. Irregular
    times are refused unless `step` says over which steps to average. Times with a zone are read as UTC.

    Fields:
        root: the file.
        time: name of the column of times; None: found.
        columns: names of the variables; None: every column of numbers that varies.
        day_first: whether 01/02/2020 is the first of February; None: as the file shows.
        step: average over steps of so long, such as 15min, 1h or 1d; None: as the rows are.
        duplicates: rows of one time: refuse, or take their mean, the first or the last.
        val, test: shares of the rows.
    """

    name: ClassVar[str] = "csv"

    root: Path | None = None
    time: str | None = None
    columns: list[str] | None = None
    day_first: bool | None = None
    step: str | None = None
    duplicates: Duplicates = Duplicates.refuse
    val: float = 0.1
    test: float = 0.2

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        self.duplicates = Duplicates(self.duplicates)
        if self.step is not None:
            step_of(self.step)
        try:
            Shares(self.val, self.test)
        except ValueError as error:
            raise ValueError(f"task.val and task.test: {error}") from error

    @property
    def label(self) -> str:
        """With the name of the file: "csv.sales"."""
        return self.name if self.root is None else f"{self.name}.{self.root.stem}"

    def sources(self) -> tuple[Source, ...]:
        """The file."""
        return (self._file(),)

    def read(self) -> RawData:
        """The series at even steps.

        Raises:
            DataError: the file is missing or no table; it has no times or no numbers; a time is missing, twice there
                or off the grid. The message names the line and the option that would help.
        """
        table = read_table(self._file().fetch())
        column = self.time or roles(table).time
        if column is None:
            raise DataError(
                f"{table.path.name} has no column of times. Columns: {_columns(table)}. Set task.time=COLUMN."
            )
        times = table.times(column, day_first=self.day_first).astype("datetime64[s]")
        absent = np.flatnonzero(np.isnat(times))
        if len(absent):
            raise DataError(
                f"{table.where(int(absent[0]))}: no time in column '{column}' ({len(absent)} such rows). Write the "
                "times, or take the rows out."
            )
        names, notes = self._variables(table, column)
        values = np.stack([table.numbers(name) for name in names], axis=1)
        form = table.column(column).dates
        if form is not None and form.zoned:
            notes["time zone"] = "times with a zone, read as UTC"
        order = np.argsort(times, kind="stable")
        if (np.diff(order) < 0).any():
            notes["order"] = "rows were not in the order of time, and were sorted"
        times, values, where = times[order], values[order], [table.where(int(row)) for row in order]
        if self.step is None:
            times, values, where = self._single(times, values, where, column, notes)
        if len(times) < _FEWEST:
            raise DataError(f"{table.path.name} has {len(times)} times; a series needs at least {_FEWEST}.")
        found = averaged(times, values, step_of(self.step)) if self.step else even(times, values, where)
        series = Series(names, found.values, found.times)
        return in_parts(series, in_time_order(len(series), Shares(self.val, self.test)), notes | found.notes)

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()

    # -- private -------------------------------------------------------------------------------------

    def _file(self) -> FileSource:
        return FileSource("series", self.root, "task.root", description="a table with a column of times")

    def _variables(self, table: DataTable, time: str) -> tuple[tuple[str, ...], dict[str, str | int | float]]:
        """Names of the variables, and notes on the columns that are none."""
        if self.columns:
            return tuple(table.column(name).name for name in self.columns), {}
        names: list[str] = []
        left_out: list[str] = []
        for column in table.columns:
            if column.name == time:
                continue
            varies = column.kind == "number" and column.distinct > 1
            (names if varies else left_out).append(column.name)
        if not names:
            raise DataError(f"{table.path.name} has no column of numbers that vary. Columns: {_columns(table)}.")
        notes: dict[str, str | int | float] = {}
        if left_out:
            notes["columns not used, which hold no numbers or one"] = ", ".join(left_out)
        return tuple(names), notes

    def _single(
        self,
        times: np.ndarray,
        values: np.ndarray,
        where: list[str],
        column: str,
        notes: dict[str, str | int | float],
    ) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Every time once."""
        again = np.flatnonzero(times[1:] == times[:-1]) + 1
        if not len(again):
            return times, values, where
        row = int(again[0])
        if self.duplicates is Duplicates.refuse:
            raise DataError(
                f"{where[row]}: the time {times[row]} in column '{column}' stands in {where[row - 1].split(', ')[-1]} "
                f"too ({len(again)} such rows). Several series in one table must stand side by side, one a column; an "
                "hour that a clock set back repeats needs a time zone. Otherwise set task.duplicates=mean, first or "
                "last."
            )
        notes["rows of one time"] = f"{len(again)} more than times: {self.duplicates.value} taken"
        kept, first = np.unique(times, return_index=True)
        if self.duplicates is Duplicates.last:
            first = np.append(first[1:], len(times)) - 1
        picked = values[first]
        if self.duplicates is Duplicates.mean:
            ends = np.append(first[1:], len(times))
            for k in np.flatnonzero(ends - first > 1):
                some = values[first[k] : ends[k]]
                known = (~np.isnan(some)).sum(0)
                picked[k] = np.where(known > 0, np.nansum(some, axis=0) / np.maximum(known, 1), np.nan)
        return kept, picked, [where[int(k)] for k in first]


def _columns(table: DataTable) -> str:
    return ", ".join(f"{column.name} ({column.kind})" for column in table.columns)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [SeriesTable]
