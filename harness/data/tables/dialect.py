"""How a text file writes a table: the separator, the quotes, and whether the first row names the columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.data.tables.dates import looks_like_date
from harness.data.tables.missing import MISSING
from harness.data.tables.numbers import looks_like_number

Quotes = Literal["doubled", "escaped", "none"]
"""Within a quoted cell, a quote is written twice, or after a backslash; or quotation marks are ordinary characters."""

SEPARATORS = "\t;|,"
"""In the order in which they win a tie: cells of the first are the least likely to contain any of the others."""

_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 1 << 18, 500
_CONSISTENT = 0.9
_EXCEL = re.compile(r'"?sep=(.)"?')
_KNOWN_HEADER_WORDS = (
    "id index label labels class category target sentiment intent text sentence review comment message tweet "
    "content document title question answer date time datetime timestamp day month year hour value price open "
    "close high low volume user speaker group subject name tag tags token word words start end file path split"
)
_KNOWN_HEADERS = frozenset(_KNOWN_HEADER_WORDS.split())
_HEADER_LENGTH = 60


@dataclass(frozen=True)
class Dialect:
    """How the cells of a row stand on a line.

    Attributes:
        separator: between cells; empty: each line is one cell.
        quotes: how quotes within a quoted cell are written.
        excel: whether the first line is Excel's "sep=;", which is no row.
    """

    separator: str
    quotes: Quotes = "doubled"
    excel: bool = False

    def rows(self, lines: Iterator[str]) -> Any:
        """The `csv.reader` of lines that keep their ends.

        Raises:
            csv.Error: while iterating, where the quotes are not of this kind.
        """
        kinds: dict[str, dict[str, Any]] = {
            "doubled": {"doublequote": True, "strict": True},
            "escaped": {"doublequote": False, "escapechar": "\\", "strict": True},
            "none": {"quoting": csv.QUOTE_NONE},
        }
        # A line of one cell: split at a character that no line can contain. A quote after a blank opens a cell too.
        delimiter = self.separator or "\0"
        return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, **kinds[self.quotes])

    def __str__(self) -> str:
        named = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "vertical bars", "": "one column"}
        return named.get(self.separator, f"'{self.separator}' between columns")


def text_lines(text: str) -> Iterator[str]:
    """The lines with their ends; `str.splitlines` also splits at form feeds, and `io.StringIO` copies the text."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def excel_separator(text: str) -> str:
    """The separator that Excel's first line "sep=;" names; empty if there is no such line."""
    found = _EXCEL.fullmatch(text[: text.find("\n") if "\n" in text else len(text)])
    return found[1] if found else ""


def sniff_separator(text: str) -> str:
    """The separator that cuts the beginning of a text into rows of the same width; empty: none does."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(sample) < len(text):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, most = "", 0.0
    partly, widest = "", 0.0
    for separator in SEPARATORS:
        widths = [len(row) for row in _sample_rows(separator, sample)]
        if not widths or widths[0] < 2:
            continue
        width, count = Counter(widths).most_common(1)[0]
        share = count / len(widths)
        if width > 1 and share >= _CONSISTENT and share > most:
            best, most = separator, share
        # Rows of other widths, but each has the columns that the first one names.
        reach = sum(other >= widths[0] for other in widths) / len(widths)
        if reach >= _CONSISTENT and reach > widest:
            partly, widest = separator, reach
    return best or partly


def sniff_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of some rows names the columns.

    It does not if one of its cells is a number, a date or missing. It does if all columns, or one by a well-known
    name, look named; if numbers or dates stand below a word; or if its cells are short, different, and occur
    nowhere below.
    """
    first, body = rows[0], rows[1:]
    names = [cell.strip() for cell in first]
    unnamed = [name for name in names[1:] if name in MISSING]
    if unnamed or any(looks_like_number(name) or looks_like_date(name) for name in names):
        return False
    if any(len(name) > _HEADER_LENGTH or "\n" in name for name in names) or len(set(names)) < len(names) > 4:
        return False
    if any(set(re.split(r"[\W_]+", name.casefold())) & _KNOWN_HEADERS and len(name.split()) <= 3 for name in names):
        return True
    columns = [[row[i].strip() for row in body if i < len(row)] for i in range(len(names))]
    if any(_mostly(column, looks_like_number) or _mostly(column, looks_like_date) for column in columns):
        return True
    if not body or len(names) == 1 or any(name in column for name, column in zip(names, columns, strict=True)):
        return False
    return len(set(names)) == len(names) and all(len(name.split()) <= 3 for name in names)


def _sample_rows(separator: str, sample: str) -> list[list[str]]:
    rows = []
    try:
        # Not strict: quotes that are ordinary characters are found out by reading the whole.
        for row in csv.reader(text_lines(sample), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return rows


def _mostly(cells: Sequence[str], is_one: Callable[[str], bool]) -> bool:
    present = [cell for cell in cells if cell not in MISSING]
    return bool(present) and sum(map(is_one, present)) >= _CONSISTENT * len(present)
