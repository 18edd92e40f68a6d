"""Reads a file as a table."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.foreign import shown
from harness.data.tables.columns import decimal_comma, describe
from harness.data.tables.dialect import Dialect, Quotes, excel_separator, sniff_header, sniff_separator, text_lines
from harness.data.tables.json_records import is_json, json_rows
from harness.data.tables.missing import MISSING
from harness.data.tables.numbers import looks_like_number
from harness.data.tables.table import DataTable
from harness.data.text_files import decode, read_bytes
from harness.errors import DataError
from harness.runtime import without_collection

_CHUNK = 1000
_REMEMBERED = 50_000
"""Different cells of a column that are kept once each: beyond that the column is not one of repeated values."""

_FEW = 10
_MOST_COMMENTS = 100
_MOST_LONG_ROWS = 0.1
_UNIFORM = 0.99


@dataclass
class _Rows:
    """What was read: cells by column, and where the rows stand."""

    columns: list[np.ndarray]
    lines: np.ndarray
    header: list[str] | None
    written: str
    odd: list[str]
    separator: str = ""


def read_table(path: Path, *, delimiter: str | None = None, header: bool | None = None) -> DataTable:
    """Read a table, plain or gzip; how it is written is found out from its content.

    Known are text with separators (comma, semicolon, tab or vertical bar; quotes, also around line ends; Excel's first
    line "sep=;"), JSON (an array of objects) and JSON Lines; text as `harness.data.text_files` reads it.

    Args:
        path: of the file.
        delimiter: between columns; None: found out.
        header: whether the first row names the columns; None: found out.

    Raises:
        DataError: the file cannot be read or is no table; the message names the line and what would be right.
    """
    content = read_bytes(path)
    _refuse_workbooks(path, content)
    text = decode(content, shown(path))
    del content
    if not text.strip():
        raise DataError(f"{shown(path)} is empty. A table has at least one row.")
    with without_collection():
        if delimiter is None and is_json(path, text):
            rows = _Rows(*json_rows(path, text))
        else:
            rows = _separated(path, text, delimiter, header)
    del text
    return _table(path, rows)


def _refuse_workbooks(path: Path, content: bytes) -> None:
    if path.suffix.lower() in (".xlsx", ".xls", ".ods") or (content[:4] == b"PK\x03\x04" and b"xl/" in content[:4096]):
        raise DataError(
            f"{shown(path)} is a spreadsheet's workbook, not text. In the spreadsheet, save the sheet as CSV in UTF-8."
        )
    if content.startswith(b"PAR1"):
        raise DataError(f"{shown(path)} is a Parquet file, not text. Write it as CSV first: pandas does.")


def _table(path: Path, rows: _Rows) -> DataTable:
    names, odd = _names(rows.header, len(rows.columns))
    comma = "," if any(map(decimal_comma, rows.columns)) else ""
    columns = tuple(
        describe(name, cells, decimal=comma, likely="," if rows.separator == ";" else "")
        for name, cells in zip(names, rows.columns, strict=True)
    )
    odd = [*rows.odd, *odd]
    copies = _copies(rows.columns)
    if copies:
        odd.append(f"{copies:,} {'rows are copies' if copies > 1 else 'row is a copy'} of rows before them")
    if len(rows.lines) < _FEW:
        odd.append(
            f"there {'are' if len(rows.lines) > 1 else 'is'} only {len(rows.lines)} row{'s' * (len(rows.lines) > 1)}"
        )
    cells = dict(zip(names, rows.columns, strict=True))
    return DataTable(path, columns, rows.lines, rows.written, tuple(odd), cells)


def _names(header: Sequence[str] | None, width: int) -> tuple[list[str], list[str]]:
    """Different names for all columns, and what was odd about those in the header."""
    if header is None:
        return [f"column{i}" for i in range(1, width + 1)], []
    names: list[str] = []
    odd = []
    for i, name in enumerate(header, start=1):
        new = " ".join(name.split()) or f"column{i}"
        if new in names:
            renamed = next(f"{new}_{n}" for n in range(2, width + 2) if f"{new}_{n}" not in (*names, *header))
            odd.append(f"two columns are called '{new}'; column {i} is called '{renamed}' here")
            new = renamed
        names.append(new)
    return names, odd


def _copies(columns: Sequence[np.ndarray]) -> int:
    """How many rows equal one before them."""
    import pandas as pd

    total = np.zeros(len(columns[0]), np.uint64)
    for i, cells in enumerate(columns):
        total = total * np.uint64(1_000_003) + pd.util.hash_array(cells, categorize=False) + np.uint64(i)
    return len(total) - len(pd.unique(total))


# -- text with separators ------------------------------------------------------------------------------


def _separated(path: Path, text: str, delimiter: str | None, header: bool | None) -> _Rows:
    excel = excel_separator(text)
    skipped = (1 if excel else 0) + _comments(text, 1 if excel else 0, delimiter or excel)
    body = text[_start(text, skipped) :] if skipped else text
    if not body.strip():
        raise DataError(
            f"{shown(path)} holds no rows after its first {'line' if skipped == 1 else f'{skipped} lines'}."
        )
    separator = delimiter if delimiter is not None else excel or sniff_separator(body)
    dialect, read = _read(path, body, Dialect(separator, excel=bool(excel)), skipped)
    rows, lines = read
    first = list(islice(zip(*(column[:200] for column in rows.columns), strict=True), 200))
    named = sniff_header(first) if header is None else header
    names = [str(cell) for cell in first[0]] if named else None
    if named:
        rows.columns = [column[1:] for column in rows.columns]
        lines = lines[1:]
    if not len(lines):
        raise DataError(f"{shown(path)} holds a header ({', '.join(names or [])}) and no rows.")
    written = (
        f"{'separated by ' if separator else ''}{dialect}, {'the first row is the header' if named else 'no header'}"
    )
    odd = list(rows.odd)
    if skipped - bool(excel):
        odd.append(f"{skipped - bool(excel)} lines that begin with '#' are passed over")
    return _Rows(rows.columns, lines, names, written, odd, separator)


def _comments(text: str, after: int, separator: str) -> int:
    """How many lines from one on begin with "#" and are no rows: they have fewer separators than the row below."""
    first = list(islice(text_lines(text[_start(text, after) :]), _MOST_COMMENTS + 1))
    count = next((i for i, line in enumerate(first) if not line.startswith("#")), 0)
    if not count:
        return 0
    rest = text[_start(text, after + count) :]
    separator = separator or sniff_separator(rest)
    if not separator:  # lines of text may begin so
        return 0
    columns = first[count].count(separator)
    while count and first[count - 1].count(separator) >= columns:
        count -= 1
    return count


def _start(text: str, line: int) -> int:
    """Where a line begins, counted from 0."""
    position = 0
    for _ in range(line):
        position = text.find("\n", position) + 1 or len(text)
    return position


@dataclass
class _Columns:
    columns: list[np.ndarray]
    odd: list[str]


class _UnpairedQuotes(Exception):
    def __init__(self, line: int, reason: csv.Error) -> None:
        super().__init__(line, reason)
        self.line, self.reason = line, reason


def _read(path: Path, text: str, dialect: Dialect, skipped: int) -> tuple[Dialect, tuple[_Columns, np.ndarray]]:
    """The cells, with the quotes that fit: doubled, else escaped, else ordinary characters."""
    failure: _UnpairedQuotes | None = None
    kinds: tuple[Quotes, ...] = ("doubled", "escaped") if '"' in text else ("doubled",)
    for quotes in kinds:
        tried = replace(dialect, quotes=quotes)
        try:
            lines, widths, columns, over_lines = _collect(tried.rows(text_lines(text)), skipped)
        except _UnpairedQuotes as error:
            failure = failure or error
            continue
        if over_lines and dialect.separator and _uniform(text, dialect.separator, 1.0):
            _, _, by_line, _ = _collect(replace(dialect, quotes="none").rows(text_lines(text)), skipped)
            if dialect.separator == "\t" or _as_orderly(by_line, columns):
                break  # each line is a row by itself: a quote that opens a cell belongs to the text
        kept = np.array(lines, np.int64)[widths <= len(columns)]
        return tried, (_even(path, columns, lines, widths), kept)
    if failure and not _uniform(text, dialect.separator, _UNIFORM):
        raise DataError(
            f"{shown(path)}, line {failure.line}: its quotes are not those of a CSV file ({failure.reason}). A quote "
            "within a quoted cell is written twice, and one that opens a cell is closed."
        )
    tried = replace(dialect, quotes="none")
    lines, widths, columns, _ = _collect(tried.rows(text_lines(text)), skipped)
    kept = np.array(lines, np.int64)[widths <= len(columns)]
    read = _even(path, columns, lines, widths)
    read.odd.append("quotation marks are read as part of the cells, since they do not pair up")
    return tried, (read, kept)


def _as_orderly(columns: list[list[str]], others: list[list[str]]) -> bool:
    """Whether one reading of a table is as orderly as another: as few classes, and numbers wherever that has numbers.

    Where a quoted cell goes over lines, rows cut at the lines have pieces of it among their classes and numbers.
    """

    def classes(columns: list[list[str]]) -> int:
        return min(len(set(cells[1:])) for cells in columns)

    def numbers(cells: list[str]) -> bool:
        return all(cell in MISSING or looks_like_number(cell) for cell in cells[1:])

    return classes(columns) <= classes(others) and all(
        numbers(mine) for mine, other in zip(columns, others, strict=True) if numbers(other)
    )


def _uniform(text: str, separator: str, share: float) -> bool:
    """Whether each line, quotes or not, has as many separators as the first."""
    counts = [line.count(separator) for line in text_lines(text) if line.strip()] if separator else [0]
    return counts.count(counts[0]) >= share * len(counts)


def _collect(reader: Any, skipped: int) -> tuple[list[int], np.ndarray, list[list[str]], bool]:
    """All rows of a reader: their lines, their widths, their cells by column, and whether one goes over lines.

    Cells are taken out of their rows piece by piece, and repeated ones are kept once, so that a million rows need
    little more memory than their text.

    Raises:
        _UnpairedQuotes: with the line on which the row begins.
    """
    lines: list[int] = []
    widths: list[int] = []
    columns: list[list[str]] = []
    seen: list[dict[str, str]] = []
    before, over_lines, width = 0, False, 0
    chunk: list[list[str]] = []
    try:
        for row in reader:
            after = reader.line_num
            if row and (len(row) > 1 or row[0].strip()):
                lines.append(before + 1 + skipped)
                widths.append(len(row))
                chunk.append(row)
                over_lines |= after > before + 1
                if len(chunk) == _CHUNK:
                    width = width or _width(widths)
                    _add(chunk, width, columns, seen)
                    chunk = []
            before = after
    except csv.Error as error:
        raise _UnpairedQuotes(before + 1 + skipped, error) from error
    width = width or _width(widths)
    _add(chunk, width, columns, seen)
    return lines, np.array(widths), columns, over_lines


def _width(widths: Sequence[int]) -> int:
    """How many columns there are: as many as most rows have, and the first."""
    most = Counter(widths).most_common(1)[0][0]
    return max(most, widths[0])


def _add(chunk: list[list[str]], width: int, columns: list[list[str]], seen: list[dict[str, str]]) -> None:
    """Append rows of a chunk to the columns; too short ones are filled up, too long ones left out."""
    if not columns:
        columns += [[] for _ in range(width)]
        seen += [{} for _ in range(width)]
    even = [row if len(row) == width else row + [""] * (width - len(row)) for row in chunk if len(row) <= width]
    for i, cells in enumerate(zip(*even, strict=True)):
        once = seen[i]
        stripped = map(str.strip, cells)
        if len(once) < _REMEMBERED:
            columns[i] += [once.setdefault(cell, cell) for cell in stripped]
        else:
            columns[i] += stripped


def _even(path: Path, columns: list[list[str]], lines: list[int], widths: np.ndarray) -> _Columns:
    """The columns as arrays, with sentences on rows that are too short or too long."""
    width, odd = len(columns), []
    long, short = np.flatnonzero(widths > width), np.flatnonzero(widths < width)
    if len(long) > _MOST_LONG_ROWS * len(widths):
        raise DataError(
            f"{shown(path)}, line {lines[long[0]]}: {widths[long[0]]} cells where most rows have {width}, and "
            f"{len(long):,} of {len(widths):,} rows are like that. Cells that contain the separator must be quoted."
        )
    if len(long):
        odd.append(
            f"{_rows(len(long))} more than {width} cells and {'are' if len(long) > 1 else 'is'} left out: "
            f"{_named_lines(lines, long)}"
        )
    if len(short):
        odd.append(f"{_rows(len(short))} fewer than {width} cells: {_named_lines(lines, short)}")
    arrays = []
    while columns:
        arrays.append(_array(columns.pop(0)))
    return _Columns(arrays, odd)


def _array(cells: list[str]) -> np.ndarray:
    made = np.empty(len(cells), dtype=object)
    made[:] = cells
    return made


def _rows(count: int) -> str:
    return f"{count:,} row{'s have' if count > 1 else ' has'}"


def _named_lines(lines: Sequence[int], rows: np.ndarray) -> str:
    named = ", ".join(str(lines[row]) for row in rows[:3])
    return f"line{'s' if len(rows) > 1 else ''} {named}{', …' if len(rows) > 3 else ''}"
