"""`build`: write index.html, report.md, and every table and figure as a file."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from urllib.parse import quote

import jinja2
import markupsafe
from markupsafe import Markup

from harness.errors import StoreError
from harness.report.load import load
from harness.report.sections import Report, compose
from harness.report.tables import escape
from harness.store import Store


def build(store: Store, out_dir: Path, *, sweep: str | None = None) -> Path:
    """Write the report of a sweep, or of every run in the store, into a folder.

    The page is one file that asks the network for nothing: style, script and figures are in it. Beside it:
    report.md, tables/*.csv, figures/*.svg and *.png. Files of an earlier report are replaced.

    Args:
        store: open, for reading at least.
        out_dir: made where it does not exist.
        sweep: its name; None: everything.

    Returns:
        The path of index.html.

    Raises:
        UnknownNameError: no such sweep.
        StoreError: the store holds no runs, or the folder cannot be written.
    """
    data = load(store, sweep)
    page = out_dir / "index.html"
    try:
        (out_dir / "tables").mkdir(parents=True, exist_ok=True)
        (out_dir / "figures").mkdir(exist_ok=True)
        report = compose(store, data)
        for table in report.tables():
            _write(out_dir / "tables" / f"{table.name}.csv", table.csv().encode())
        for figure in report.figures():
            _write(out_dir / "figures" / f"{figure.name}.svg", figure.svg.encode())
            _write(out_dir / "figures" / f"{figure.name}.png", figure.png)
        _write(out_dir / "report.md", as_markdown(report).encode())
        _write(page, as_html(report).encode())
    except OSError as error:
        raise StoreError(
            f"The report cannot be written to '{out_dir}' ({error.strerror}). "
            "Check its permissions, or set HARNESS_RESULTS to a folder of your own."
        ) from error
    return page


def as_html(report: Report) -> str:
    """The page."""
    return _templates().get_template("index.html.j2").render(report=report)


def as_markdown(report: Report) -> str:
    """The same report for a terminal, a repository or an issue."""
    return _templates().get_template("report.md.j2").render(report=report)


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader("harness.report", "templates")
    templates = jinja2.Environment(
        loader=loader,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = Path(__file__).parent / "templates"
    templates.globals["style"] = Markup((folder / "style.css").read_text(encoding="utf-8"))
    templates.globals["script"] = Markup((folder / "sort.js").read_text(encoding="utf-8"))
    # Figures are our own SVG, every text in them escaped by matplotlib.
    templates.filters["drawing"] = Markup
    templates.filters["breakable"] = breakable
    templates.filters["md"] = escape
    templates.filters["path"] = quote
    return templates


def breakable(text: str) -> Markup:
    """Escaped text whose names may wrap after an underscore; a copy of it is unchanged."""
    return Markup(str(markupsafe.escape(text)).replace("_", "_<wbr>"))


def _write(path: Path, content: bytes) -> None:
    """Write aside and move into place, so that a reader never sees half a file."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
