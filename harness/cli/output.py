"""Printing: tables on a terminal or into a pipe, and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 200  # a pipe has no width; narrower, and rich would cut cells off


def console(*, stderr: bool = False) -> Console:
    """Rich's console; wide where the output is no terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", empty: str = "nothing") -> None:
    """Print a table on standard output; where there are no rows, say so instead. Columns may all be nameless."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    if not rows:
        print(f"{title}: {empty}" if title else empty)
        return
    if title:
        print(title)
    made = Table(box=box.SIMPLE_HEAD, show_header=any(columns), show_edge=False, pad_edge=False)
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(Text("" if value is None else str(value)) for value in row))
    console().print(made)
    print()


def as_json(value: Any) -> None:
    """Print JSON, one value, indented."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
