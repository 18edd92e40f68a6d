"""A table as it was read: its columns with their kinds, and their cells as text, numbers or times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from harness.data.foreign import shown
from harness.data.tables.dates import DateFormat, date_format, parse_dates
from harness.data.tables.missing import MISSING, MISSING_AMONG_VALUES, is_in
from harness.data.tables.numbers import NumberFormat, parse_numbers
from harness.errors import DataError, UnknownNameError

Kind = Literal["number", "date", "category", "text", "empty"]


@dataclass(frozen=True)
class DataColumn:
    """What is known about a column.

    Attributes:
        name: from the header, or "column1", "column2", ... where there is none.
        kind: "number", "date", "category" (few or short values), "text", or "empty" (every cell is missing).
        missing: how many cells are.
        distinct: how many different cells there are, without missing ones.
        numbers: how they are written, in a column of numbers; also where dates are numbers (epochs).
        dates: how they are written, in a column of dates.
        odd: sentences.
    """

    name: str
    kind: Kind
    missing: int
    distinct: int
    numbers: NumberFormat | None = None
    dates: DateFormat | None = None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DataTable:
    """Rows of cells.

    Attributes:
        path: of the file.
        columns: in the order of the file.
        lines: (N,) int64, the line on which each row begins, from 1; for an array of JSON, the number of the object.
        written: how the file writes it, in words ("separated by semicolons, first row is the header").
        odd: sentences on what is odd about the rows: ragged, copies, few.
    """

    path: Path
    columns: tuple[DataColumn, ...]
    lines: np.ndarray
    written: str
    odd: tuple[str, ...]
    _cells: Mapping[str, np.ndarray] = field(repr=False)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self._by_name)

    @cached_property
    def _by_name(self) -> dict[str, DataColumn]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> DataColumn:
        """The column of that name.

        Raises:
            UnknownNameError: there is none.
        """
        if name not in self._by_name:
            raise UnknownNameError("column", name, self.names, shown(self.path))
        return self._by_name[name]

    def where(self, row: int) -> str:
        """For messages: "reviews.csv, line 3"."""
        return f"{shown(self.path)}, line {self.lines[row]}"

    def missing(self, name: str) -> np.ndarray:
        """(N,) bool: which cells of a column are missing."""
        column = self.column(name)
        words = MISSING_AMONG_VALUES if column.kind in ("number", "date", "empty") else MISSING
        return is_in(self._cells[name], words)

    def texts(self, name: str) -> list[str]:
        """(N,) the cells of a column without outer blanks; "" where missing."""
        words = MISSING_AMONG_VALUES if self.column(name).kind in ("number", "date", "empty") else MISSING
        return ["" if cell in words else cell for cell in self._cells[name]]

    def numbers(self, name: str) -> np.ndarray:
        """(N,) float64: the cells of a column; NaN where missing.

        Raises:
            DataError: a cell is neither a number nor missing; the message names its line.
        """
        column, cells = self.column(name), self._cells[name]
        values = parse_numbers(cells, column.numbers or NumberFormat())
        self._check_parsed(name, np.isnan(values), "a number", "")
        return values

    def times(self, name: str, *, day_first: bool | None = None, option: str = "task.day_first") -> np.ndarray:
        """(N,) datetime64[us]: the cells of a column; NaT where missing; UTC where they name a time zone.

        Args:
            name: of the column.
            day_first: whether 01/02/2020 is the first of February; None: as the cells show.
            option: that lets the user say so, for the message.

        Raises:
            DataError: a cell is neither a date nor missing, or the cells do not show which number is the month.
        """
        column, cells = self.column(name), self._cells[name]
        form = column.dates
        if day_first is not None or form is None:
            present = cells[~self.missing(name)]
            form = date_format(present, numbers_too=True, day_first=day_first)
        if form is None:
            self._check_parsed(name, np.ones(len(self), bool), "a date", " in one way of writing for all rows")
            return np.full(len(self), np.datetime64("NaT", "us"))
        if form.ambiguous:
            raise DataError(
                f"{shown(self.path)}: the dates of column '{name}', such as {self._cells[name][0]}, may have the day "
                f"or the month first. Set {option}=true for the day, {option}=false for the month."
            )
        values = parse_dates(cells, form)
        self._check_parsed(name, np.isnat(values), "a date", f" ({form})")
        return values

    def _check_parsed(self, name: str, unparsed: np.ndarray, what: str, how: str) -> None:
        wrong = np.flatnonzero(unparsed & ~is_in(self._cells[name], MISSING_AMONG_VALUES))
        if len(wrong):
            more = f" (and {len(wrong) - 1:,} cells more)" if len(wrong) > 1 else ""
            raise DataError(
                f"{self.where(wrong[0])}: '{self._cells[name][wrong[0]][:60]}' in column '{name}' is not {what}"
                f"{how}{more}. Correct it, or leave the cell empty if the value is missing."
            )
