"""The template environment: style and script as text, filters, and the treatment of text from the store."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import markupsafe
from markupsafe import Markup

from harness.report.tables import Table, TableCell, escape
from harness.terminal import harmless

FOLDER = Path(__file__).parent / "templates"


@cache
def templates() -> jinja2.Environment:
    """The environment, created once: HTML is escaped, an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", "templates"),
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["style"] = style
    made.globals["decide"] = Markup((FOLDER / "decide.js").read_text(encoding="utf-8"))
    made.globals["script"] = Markup((FOLDER / "table.js").read_text(encoding="utf-8"))
    # Figures are our own SVG; all text in them is escaped where they are drawn.
    made.filters["drawing"] = Markup
    made.filters["breakable"] = breakable
    made.filters["md"] = escape
    made.filters["path"] = quote
    made.filters["number"] = number
    made.filters["terms"] = terms
    made.filters["labels"] = labels
    made.tests["bare"] = is_bare
    return made


def terms(pairs: Iterable[tuple[str, str]]) -> Markup:
    """The items of a description list. Runs have hundreds of pairs, and a template takes four times as long."""
    rows = (f"<div><dt>{_escaped_name(term)}</dt><dd>{_escaped(text)}</dd></div>" for term, text in pairs)
    return Markup("\n".join(rows))


def labels(table: Table) -> list[Markup]:
    """Title and note of each column, escaped once: every cell repeats them, for screens too narrow for a header."""
    texts = [f"{c.title}{' ' if c.note in '↑↓' else ', '}{c.note}" if c.note else c.title for c in table.columns]
    return [markupsafe.escape(visible(text)) for text in texts]


@lru_cache(maxsize=20_000)
def _escaped(text: str) -> Markup:
    return markupsafe.escape(visible(text))


@lru_cache(maxsize=2000)
def _escaped_name(name: str) -> str:
    return str(breakable(name)).replace(".", ".<wbr>")


def is_bare(cell: TableCell) -> bool:
    """Whether a cell consists of its text only."""
    return bool(cell.text) and not (cell.mark or cell.hidden or cell.footnote or cell.note or cell.links or cell.marks)


@cache
def style(*names: str) -> Markup:
    """The named style sheets, in order, without comments and indentation: a page includes only what it uses."""
    text = "\n".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in names)
    lines = (line.strip() for line in text.splitlines())
    return Markup("\n".join(line for line in lines if line and not line.startswith("/*")))


def visible(value: Any) -> Any:
    """Text with control characters and directional marks made visible; our own markup unchanged."""
    return harmless(value) if type(value) is str else value


def breakable(text: str) -> Markup:
    """Escaped text whose names may wrap after an underscore; copying it gives the original."""
    return Markup(str(markupsafe.escape(visible(text))).replace("_", "_<wbr>"))


def number(value: float) -> str:
    """A number as the pages' script reads it; empty if it is not a number."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(value)
