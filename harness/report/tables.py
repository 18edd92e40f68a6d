"""A table, once: titled columns, grouped rows, cells with a value; as Markdown and CSV here, as HTML in a template."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.report.formatting import NARROW_SPACE
from harness.terminal import harmless


@dataclass(frozen=True)
class TableCell:
    """What stands in a cell.

    Attributes:
        text: as shown.
        value: for sorting and for CSV; None: the text counts.
        half_width: of the interval, where the value is a mean.
        note: a second, smaller line.
        hidden: said to screen readers only (why a cell is empty).
        mark: "best", "na", "quiet" or nothing; how it is set.
        footnote: number of a footnote of the table; 0: none.
        shade: 0 to 1, the darkness of the background (confusion matrices).
        links: keys of the runs behind the cell, set as links to their pages.
        marks: the text in parts, (kind, text), to show how it differs from another: "same", "added" or "missing" here.
    """

    text: str
    value: float | None = None
    half_width: float | None = None
    note: str = ""
    hidden: str = ""
    mark: str = ""
    footnote: int = 0
    shade: float | None = None
    links: tuple[str, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Column:
    """A column: its title, a smaller second line (unit, direction), whether it holds numbers."""

    title: str
    note: str = ""
    numeric: bool = True
    has_interval: bool = False


@dataclass
class TableRow:
    """A row: its header cell and the others.

    Rows of one `group` stand together under the group's title; `tag` says the same in one word, where a table
    has no titles inside (Markdown, CSV).
    """

    header: TableCell
    cells: list[TableCell]
    group: str = ""
    tag: str = ""


@dataclass
class Table:
    """A table with a caption.

    Attributes:
        name: of its file, and its id on the page.
        caption: what it shows, as one sentence.
        corner: title of the row headers.
        footnotes: printed under it and numbered from 1.
        prose: whether cells hold running text, which may wrap.
        sortable: whether the reader can sort it.
    """

    name: str
    caption: str
    corner: str
    columns: list[Column]
    rows: list[TableRow] = field(default_factory=list)
    footnotes: list[str] = field(default_factory=list)
    prose: bool = False
    sortable: bool = True

    def groups(self) -> Iterator[tuple[str, list[TableRow]]]:
        """Rows by group, in order."""
        for name in dict.fromkeys(r.group for r in self.rows):
            yield name, [r for r in self.rows if r.group == name]

    def footnote(self, text: str) -> int:
        """The number of a footnote, which is added unless it is there."""
        if text not in self.footnotes:
            self.footnotes.append(text)
        return self.footnotes.index(text) + 1

    def markdown(self) -> str:
        """A GitHub table with its caption and footnotes."""
        header = [self.corner, *(f"{c.title} ({c.note})" if c.note else c.title for c in self.columns)]
        rule = ["---", *("---:" if c.numeric else "---" for c in self.columns)]
        lines = [_line(header, escape_cells=True), _line(rule), *(self._markdown_row(r) for r in self.rows)]
        notes = [f"{i}. {escape(text)}" for i, text in enumerate(self.footnotes, 1)]
        return "\n".join([f"*{escape(self.caption)}*", "", *lines, *(["", *notes] if notes else [])])

    def _markdown_row(self, row: TableRow) -> str:
        said = not row.tag or row.header.text.startswith(f"{row.tag}:")
        first = ("" if said else f"*{escape(row.tag)}:* ") + _markdown_cell(row.header)
        return _line([first, *(_markdown_cell(c) for c in row.cells)])

    def csv(self) -> str:
        """Comma-separated values: plain numbers, and a column more for every interval."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        titles = [self.corner or "row", "kind"]
        for column in self.columns:
            note = f" ({column.note})" if column.note else ""
            titles += [column.title + note, *([f"{column.title} 95 % half-width"] if column.has_interval else [])]
        writer.writerow([inert(title) for title in titles])
        for row in self.rows:
            values: list[str | float] = [inert(row.header.text), row.tag]
            for column, cell in zip(self.columns, row.cells, strict=True):
                values.append(self._csv_value(cell))
                if column.has_interval:
                    values.append("" if cell.half_width is None else cell.half_width)
            writer.writerow(values)
        return out.getvalue()

    def _csv_value(self, cell: TableCell) -> str | float:
        if cell.value is not None:
            return cell.value
        reason = self.footnotes[cell.footnote - 1] if cell.footnote else cell.note
        return inert(f"{cell.text}: {reason}" if reason else cell.text)


def inert(text: str) -> str:
    """Text that a spreadsheet shows and does not compute: what would begin a formula gets an apostrophe before it."""
    text = harmless(text)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    for sign in ("\\", "|", "*", "_", "`", "<", ">", "[", "]", "#"):
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.replace(NARROW_SPACE, " ").split())


def _markdown_cell(cell: TableCell) -> str:
    text = escape(cell.text)
    if cell.mark == "best":
        text = f"**{text}**"
    note = f" ({escape(cell.note)})" if cell.note else ""
    return f"{text}{note}" + (f" [{cell.footnote}]" if cell.footnote else "")


def _line(cells: Sequence[str], *, escape_cells: bool = False) -> str:
    return "| " + " | ".join(escape(c) if escape_cells else c for c in cells) + " |"
