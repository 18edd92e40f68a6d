"""Numbers as people and spreadsheets write them: 1234.5, 1,234.5, 1.234,5, 1 234,5, 1'234.5."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_SPACES = " \u00a0\u202f\u2009"
_SIGN = r"[+\-\u2212]?"
_EXPONENT = r"(?:[eE][+\-]?\d+)?"
_POINT = re.compile(rf"{_SIGN}(?:\d+\.?\d*|\.\d+){_EXPONENT}")
_COMMA = re.compile(rf"{_SIGN}(?:\d+,\d*|,\d+){_EXPONENT}")
_GROUPED = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?:([,.'\u2019{_SPACES}])\d{{3}})(?:\1\d{{3}})*(?:([.,])\d+)?")
_ONE_GROUP = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}[.,]\d{{3}}")


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes:
        decimal: "." or ",".
        thousands: between groups of three digits; empty: nothing.
        ambiguous: whether another reading fits all cells: "1,234" may be a thousand or one and a bit.
    """

    decimal: str = "."
    thousands: str = ""
    ambiguous: bool = False

    def __str__(self) -> str:
        names = {",": "comma", ".": "point", "'": "apostrophe", " ": "blank"}
        words = [f"decimal {names[self.decimal]}"] if self.decimal == "," else []
        return ", ".join(words + ([f"thousands with a {names[self.thousands]}"] if self.thousands else []))


def looks_like_number(cell: str) -> bool:
    """Whether a cell is a number in some way of writing."""
    return any(pattern.fullmatch(cell) for pattern in (_POINT, _COMMA, _GROUPED))


def number_format(cells: Sequence[str], *, decimal: str = "", likely: str = "") -> NumberFormat:
    """The way of writing that a column's cells have in common.

    Args:
        cells: (N,) some of them, without missing ones.
        decimal: what other columns of the table say, for a column that does not.
        likely: "," if the table is written as where decimal commas are usual.
    """
    grouped = [(match, cell) for cell in cells if (match := _GROUPED.fullmatch(cell))]
    others = [cell for cell in cells if not _GROUPED.fullmatch(cell)]
    points = sum("." in cell and bool(_POINT.fullmatch(cell)) for cell in others)
    commas = sum(bool(_COMMA.fullmatch(cell)) for cell in others)
    sure = {
        (_separator(match[1]), match[2] or "")
        for match, cell in grouped
        if (match[2] or not _ONE_GROUP.fullmatch(cell)) and match[1] != match[2]
    }
    if sure:
        thousands, tail = max(sure)
        return NumberFormat(
            tail or ("," if thousands == "." else "." if thousands == "," else decimal or "."), thousands
        )
    if commas > points:
        return NumberFormat(",")
    if points or not grouped:
        return NumberFormat("." if points else decimal or ".")
    return _of_one_group(grouped[0][0][1], decimal, likely)


def _of_one_group(mark: str, decimal: str, likely: str) -> NumberFormat:
    """Where all cells with a mark are such as "1,234"."""
    if mark not in ",.":
        return NumberFormat(decimal or ".", _separator(mark))
    if decimal:
        return NumberFormat(decimal, "" if mark == decimal else mark, ambiguous=True)
    if mark == "," and likely != ",":
        return NumberFormat(".", ",", ambiguous=True)
    return NumberFormat(mark, ambiguous=mark == ",")


def parse_numbers(cells: np.ndarray, form: NumberFormat) -> np.ndarray:
    """The cells as float64, NaN where a cell is none.

    Args:
        cells: (N,) of str.
        form: how they are written.
    """
    import pandas as pd

    if any("\u2212" in cell for cell in cells[:1000]):
        cells = _array(cell.replace("\u2212", "-") for cell in cells)
    if form.thousands:
        removed = {ord(mark): "" for mark in {"'": "'\u2019", " ": _SPACES}.get(form.thousands, form.thousands)}
        cells = _array(cell.translate(removed) for cell in cells)
    if form.decimal == ",":  # a point that separates nothing makes a cell no number
        cells = _array("?" if "." in cell else cell.replace(",", ".") for cell in cells)
    values = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _array(cells: Iterable[str]) -> np.ndarray:
    made = list(cells)
    array = np.empty(len(made), dtype=object)
    array[:] = made
    return array


def _separator(mark: str) -> str:
    return "'" if mark in "'\u2019" else " " if mark in _SPACES else mark
