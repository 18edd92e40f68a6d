"""Prints tables, to a terminal or a pipe, and JSON."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.terminal import harmless, harmless_json

if TYPE_CHECKING:
    from rich.console import Console

_LONG, _GAP = 100, "   "
_PIPE_WIDTH = 200  # a pipe has no width; rich would truncate cells in a narrow table


def console(*, stderr: bool = False) -> Console:
    """Rich's console; wide if the output is not a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a message while the block runs, if standard error is a terminal.

    There is no animation, as it needs a thread: a report draws in forked processes, which rules out threads.
    """
    if not sys.stderr.isatty():
        yield
        return
    print(text, end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", empty: str = "nothing") -> None:
    """Print a table on standard output, or `empty` if there are no rows. Columns may all be unnamed."""
    cells = [["" if value is None else harmless(str(value)) for value in row] for row in rows]
    heads = [harmless(name) for name in columns]
    if not cells:
        say(f"{title}: {empty}" if title else empty)
        return
    if title:
        say(title)
    if len(cells) < _LONG or not _print_long(heads, cells):
        _print_rich(heads, cells)
    print()


def _print_rich(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, show_header=any(heads), show_edge=False, pad_edge=False)
    for name in heads:
        made.add_column(Text(name), overflow="fold")
    for row in cells:
        made.add_row(*(Text(cell) for cell in row))
    console().print(made)


def _print_long(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> bool:
    """Print a table quickly whose cells all fit on one line; rich takes a second for 2,000 rows."""
    rows = [heads, *cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    plain = all(cell.isascii() and "\n" not in cell and "\t" not in cell for row in rows for cell in row)
    if not plain or sum(widths) + len(_GAP) * (len(widths) - 1) > console().width:
        return False
    lines = [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    if any(heads):
        lines.insert(1, "─" * len(lines[0]))
    else:
        del lines[0]
    print("\n".join(lines))
    return True


def say(*texts: str) -> None:
    """Print text that may come from an untrusted source (see `harness.terminal`)."""
    print(*(harmless(text) for text in texts))


def as_json(value: Any) -> None:
    """Print a JSON value: indented, or for a long array one element per line (three times as fast)."""
    if isinstance(value, list) and len(value) >= _LONG:
        text = "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False, allow_nan=False) for each in value) + "\n]"
    else:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    text = harmless_json(text)
    if not codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf"):  # escapes that JSON itself knows
        text = "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
    print(text)
