"""The table data structure: titled columns, grouped rows, cells with a value; rendered as Markdown and CSV here, as
HTML in a template."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.report.formatting import NARROW_SPACE
from harness.terminal import harmless


@dataclass(frozen=True)
class TableCell:
    """The content of a cell.

    Attributes:
        text: as shown.
        value: for sorting and for CSV; None: use the text.
        half_width: of the interval, if the value is a mean.
        note: a second, smaller line.
        hidden: for screen readers only (why a cell is empty).
        mark: "best", "na", "quiet" or empty; its style.
        footnote: number of a footnote of the table; 0: none.
        shade: 0 to 1, the darkness of the background (confusion matrices).
        links: keys of the runs behind the cell, shown as links to their pages.
        marks: the text in parts, (kind, text), to show differences from another: "same", "added" or "missing".
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
    """A column: its title, a smaller second line (unit, direction), and whether it contains numbers."""

    title: str
    note: str = ""
    numeric: bool = True
    has_interval: bool = False


@dataclass
class TableRow:
    """A row: its header cell and the others.

    Rows of one `group` are placed together under the group's title; `tag` says the same in one word for formats without
    group titles (Markdown, CSV).
    """

    header: TableCell
    cells: list[TableCell]
    group: str = ""
    tag: str = ""


@dataclass
class Table:
    """A table with a caption.

    Attributes:
        name: of its file; also its id on the page.
        caption: what it shows, as one sentence.
        corner: title of the row headers.
        footnotes: shown below it, numbered from 1.
        prose: whether cells contain running text, which may wrap.
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
        """The number of a footnote, added if it is new."""
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
        """Comma-separated values: plain numbers, and an extra column for every interval."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        titles = [self.corner or "row", "kind"]
        for column in self.columns:
            note = f" ({column.note})" if column.note else ""
            titles += [column.title + note, *([f"{column.title} 95 % half-width"] if column.has_interval else [])]
        writer.writerow([inert(title) for title in titles])
        for row in self.rows:
            values: list[str | float] = [inert(row.header.text), inert(row.tag)]
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
    """Text that a spreadsheet shows rather than computes: an apostrophe is put before what would start a formula."""
    text = harmless(text)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text


def escape(text: str) -> str:
    """Text that Markdown shows literally, on one line."""
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
