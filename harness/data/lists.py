"""Lists of files with what is said about them: text of one record a line, columns separated by exactly one tab.

A first line that names the columns is a header, and columns are then taken by name; without one there are exactly the
columns that the reader asks for, in its order. Nothing is guessed: whatever else stands there is refused with its line.
There are no comments; lines without any character but blanks are passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.data.foreign import shown
from harness.data.text_files import read_lines
from harness.errors import DataError

_SHOWN = 60


class Quotes(Enum):
    """What quotation marks around a whole column are.

    refuse: not known, so such a line stops the run.
    csv: as spreadsheets write them: they are no part of the column, and "" within stands for one.
    text: characters like others.
    """

    refuse = "refuse"
    csv = "csv"
    text = "text"


@dataclass(frozen=True)
class ListColumn:
    """What a reader wants to know of each record.

    Attributes:
        name: in messages.
        headers: names by which a header may call it, in lower case; the first is recommended.
    """

    name: str
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """A line of a list.

    Attributes:
        file: the list.
        line: its number, from 1.
        fields: the columns that the reader asked for, in its order, exactly as they stand there.
    """

    file: Path
    line: int
    fields: tuple[str, ...]

    @property
    def where(self) -> str:
        """For messages: "train.tsv, line 3"."""
        return f"{shown(self.file.name)}, line {self.line}"


def read_list(path: Path, columns: Sequence[ListColumn], quotes: Quotes = Quotes.refuse) -> list[Record]:
    """The records of a list.

    Args:
        path: of the list; text as `harness.data.text_files` reads it, with file names in the form they are written in.
        columns: what is wanted.
        quotes: what quotation marks around a column are.

    Raises:
        DataError: the list cannot be read, or a line is not what the module's description says; the message names the
            line and what would be right.
    """
    records: list[Record] = []
    order: list[int] | None = None
    header: list[str] = []
    width = 0
    for number, line in enumerate(read_lines(path, form=False), start=1):
        if not line.strip():
            continue
        here = Record(path, number, ())
        fields = _fields(line, here.where, quotes)
        if order is None:
            order, is_header = _order(fields, columns, here.where)
            width = len(fields) if is_header else len(columns)
            if is_header:
                header = fields
                continue
        if fields == header:
            raise DataError(f"{here.where}: the header stands there again, as where lists are joined. Remove the line.")
        if len(fields) != width:
            raise DataError(_wrong_width(line, fields, width, columns, here.where, order))
        records.append(Record(path, number, tuple(fields[position] for position in order)))
    return records


def check_once(places: Iterable[tuple[Hashable, str, Record]]) -> None:
    """Whether every file is listed once.

    Args:
        places: of each record, in whatever lists, what is the same for the same file; its name as listed; and itself.

    Raises:
        DataError: a file is listed twice; the message names both lines.
    """
    first: dict[Hashable, tuple[str, Record]] = {}
    for identity, name, record in places:
        other, before = first.setdefault(identity, (name, record))
        if before is not record:
            spelled = "" if other == name else f" as '{shown(name)}', which is the same file"
            raise DataError(
                f"{shown(other)} is listed twice: in {before.where}, and in {record.where}{spelled}. "
                "A file is listed once, in one split."
            )


def _fields(line: str, where: str, quotes: Quotes) -> list[str]:
    """The columns of a line."""
    if quotes is Quotes.csv:
        try:
            return next(csv.reader([line], delimiter="\t", strict=True))
        except csv.Error as error:
            raise DataError(
                f"{where}: its quotes are not those of a CSV file ({error}); found {_quoted(line)}. Quotes within a "
                "quoted column are doubled, and a record is one line."
            ) from error
    fields = line.split("\t")
    for field in fields if quotes is Quotes.refuse else ():
        # A quote that opens a column and none that closes it: in CSV the column would go on, over tabs and lines.
        if field.startswith('"') and (field.endswith('"') or field.count('"') % 2):
            raise DataError(
                f"{where}: {_quoted(field)} has quotes around it, which spreadsheets add. Set task.quotes=csv if they "
                "are to be removed, or task.quotes=text if they belong to the text."
            )
    return fields


def _order(fields: Sequence[str], columns: Sequence[ListColumn], where: str) -> tuple[list[int], bool]:
    """Where the columns stand by a list's first line, and whether it is a header."""
    names = [field.strip().casefold() for field in fields]
    found = [[i for i, name in enumerate(names) if name in column.headers] for column in columns]
    if found[0] or all(found):
        for column, positions in zip(columns, found, strict=True):
            if len(positions) != 1:
                what = f"several columns of {column.name}" if positions else f"no column of {column.name}"
                raise DataError(
                    f"{where}: the header names {what}; it must name one, as {_or(column.headers)}. "
                    f"Found: {', '.join(fields)}."
                )
        return [positions[0] for positions in found], True
    return list(range(len(columns))), False


def _wrong_width(
    line: str, fields: Sequence[str], width: int, columns: Sequence[ListColumn], where: str, order: Sequence[int]
) -> str:
    """What is said of a line with too few or too many columns."""
    pattern = "<TAB>".join(column.name for column in columns)
    number = f"{len(fields)} {'column' if len(fields) == 1 else 'columns'}"
    if width != len(columns) or list(order) != list(range(width)):
        return f"{where}: {number}, but the header names {width}; found {_quoted(line)}."
    if len(fields) < width:
        return f"{where}: expected '{pattern}', with one tab between, found {_quoted(line)}."
    empty = ", one of them empty (a doubled tab, or one at the end)" if "" in fields else ""
    header = "<TAB>".join(column.headers[0] for column in columns)
    return (
        f"{where}: {number}{empty}, found {_quoted(line)}. Without a header a line is '{pattern}'; if there are more "
        f"columns, the first line must name them, '{header}' among others."
    )


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …")


def _or(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
