"""The kind of a column, from all its cells."""

from __future__ import annotations

import re

import numpy as np

from harness.data.tables.dates import NEARLY_ALL, date_format, parse_dates
from harness.data.tables.missing import MISSING, MISSING_AMONG_VALUES, is_in
from harness.data.tables.numbers import looks_like_number, number_format, parse_numbers
from harness.data.tables.table import DataColumn, Kind

_TIME_NAMES = frozenset(
    ["time", "date", "datetime", "timestamp", "ts", "day", "epoch", "when", "created", "written", "updated", "posted"]
)
_SAMPLE = 1000
_MARKS_FOR_MISSING = (-99.0, -100.0, -200.0, -999.0, -999.9, -9999.0, -99999.0, 9999.0, 99999.0)
_WORDS_OF_TEXT, _LENGTH_OF_TEXT = 3, 24


def describe(name: str, cells: np.ndarray, *, decimal: str = "", likely: str = "") -> DataColumn:
    """A column's kind, and how its cells are written.

    Args:
        name: of the column.
        cells: (N,) of str, without outer blanks.
        decimal: "," if other columns of the table have decimal commas.
        likely: "," if the table is written as where they are usual.
    """
    import pandas as pd

    distinct = pd.unique(cells)
    values = cells[~is_in(cells, MISSING_AMONG_VALUES)]
    if not len(values):
        return DataColumn(name, "empty", len(cells), 0)
    found = _as_dates(name, cells, values, distinct) or _as_numbers(name, cells, values, distinct, decimal, likely)
    if found:
        return found
    missing = int(is_in(cells, MISSING).sum())
    distinct = [cell for cell in distinct if cell not in MISSING]
    return DataColumn(name, _words_kind(cells, distinct), missing, len(distinct))


def decimal_comma(cells: np.ndarray) -> bool:
    """Whether a column has numbers with a decimal comma, and no other reading."""
    sample = [cell for cell in _sample(cells) if cell not in MISSING_AMONG_VALUES]
    if not sample or sum(map(looks_like_number, sample)) < NEARLY_ALL * len(sample):
        return False
    form = number_format(sample)
    return form.decimal == "," and not form.ambiguous


def _as_dates(name: str, cells: np.ndarray, values: np.ndarray, distinct: np.ndarray) -> DataColumn | None:
    named = bool(set(re.split(r"[\W_]+", name.casefold())) & _TIME_NAMES)
    different = distinct[~is_in(distinct, MISSING_AMONG_VALUES)]  # in the order in which they come
    form = date_format(different, numbers_too=named)
    if form is None:
        return None
    odd = []
    if form.ambiguous:
        odd.append(f"its dates, such as {values[0]}, may have the day or the month first")
    elif form.settled:
        odd.append(f"read as {form}, since {form.settled}")
    bad = different[np.isnat(parse_dates(different, form))]
    bad = values[is_in(values, bad)] if len(bad) else bad
    if len(bad) > (1 - NEARLY_ALL) * len(values):
        return None
    if len(bad):
        odd.append(f"{_count(len(bad), 'cell')} no date, the first '{_short(bad[0])}'")
    return DataColumn(name, "date", len(cells) - len(values), _present(distinct), dates=form, odd=tuple(odd))


def _as_numbers(
    name: str, cells: np.ndarray, values: np.ndarray, distinct: np.ndarray, decimal: str, likely: str
) -> DataColumn | None:
    sample = _sample(values)
    if sum(map(looks_like_number, sample)) < NEARLY_ALL * len(sample):
        return None
    form = number_format(sample, decimal=decimal, likely=likely)
    parsed = parse_numbers(values, form)
    if np.isnan(parsed).mean() > 1 - NEARLY_ALL:  # the sample did not have all ways of writing
        form = number_format(list(values), decimal=decimal, likely=likely)
        parsed = parse_numbers(values, form)
    bad = values[np.isnan(parsed)]
    if len(bad) > (1 - NEARLY_ALL) * len(values):
        return None
    odd = []
    if form.ambiguous:
        example = next(cell for cell in values if "," in cell or "." in cell)
        read = f"{parse_numbers(np.array([example], dtype=object), form)[0]:g}"
        odd.append(f"'{example}' is read as {read}; nothing in the file shows whether its mark is decimal")
    if len(bad):
        odd.append(f"{_count(len(bad), 'cell')} no number, the first '{_short(bad[0])}'")
    lowest, highest = np.nanmin(parsed), np.nanmax(parsed)
    for mark in (lowest, highest):
        times = int((parsed == mark).sum())
        if mark in _MARKS_FOR_MISSING and times > 1:
            odd.append(f"{mark:g} occurs {times:,} times: is it a mark for a missing value?")
    if lowest == highest and len(values) > 1:
        odd.append(f"each cell is {lowest:g}")
    return DataColumn(name, "number", len(cells) - len(values), _present(distinct), numbers=form, odd=tuple(odd))


def _words_kind(cells: np.ndarray, distinct: list[str]) -> Kind:
    """Text, if cells are long, or of several words and mostly different."""
    sample = [cell for cell in _sample(cells) if cell not in MISSING]
    words = sum(len(cell.split()) for cell in sample) / len(sample)
    length = sum(map(len, sample)) / len(sample)
    repeats = len(distinct) <= max(1, len(cells) // 4)
    if repeats and len(distinct) <= 1000 and length <= 4 * _LENGTH_OF_TEXT:
        return "category"
    return "text" if words >= _WORDS_OF_TEXT or length >= _LENGTH_OF_TEXT else "category"


def _sample(cells: np.ndarray) -> list[str]:
    return list(cells[:: max(1, len(cells) // _SAMPLE)])


def _present(distinct: np.ndarray) -> int:
    return len(distinct) - int(is_in(distinct, MISSING_AMONG_VALUES).sum())


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun} is" if number == 1 else f"{number:,} {noun}s are"


def _short(cell: str) -> str:
    return cell if len(cell) <= 40 else f"{cell[:40]} …"
