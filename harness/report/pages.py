"""`build`: write the pages, report.md, and every table and figure as a file."""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import StoreError
from harness.report import run_pages
from harness.report.contents import Report
from harness.report.figures import drawn_beside
from harness.report.latex import latex
from harness.report.load import ReportData, load
from harness.report.sections import compose
from harness.report.templating import templates
from harness.store import Store
from harness.store.thinned_curves import POINTS

FORMATS = ("html", "md", "csv", "tex", "svg", "png")
"""What a report can be written as."""

_OURS = b'<meta name="generator" content="sequence-harness">'


def build(
    store: Store,
    out_dir: Path,
    *,
    sweep: str | None = None,
    data: ReportData | None = None,
    formats: Collection[str] = FORMATS,
) -> Path:
    """Write the report of a sweep, or of every run in the store, into a folder.

    Pages: index.html, tasks/*.html, runs/*.html. Each is one file that asks the network for nothing: style, script
    and figures are in it. Beside them: report.md, tables/*.csv and *.tex, figures/*.svg and *.png. Files of an
    earlier report are replaced, and pages of runs and tasks that are no longer in it are removed.

    Args:
        store: open, for reading at least.
        out_dir: made where it does not exist.
        sweep: its name; None: everything.
        data: what to report, where it is loaded already.
        formats: which of `FORMATS` to write; Markdown brings the pictures that it shows (png).

    Returns:
        The path of index.html, or what stands for it where no page is asked for: report.md, else the folder.

    Raises:
        UnknownNameError: no such sweep.
        StoreError: the store holds no runs, or the folder cannot be written.
    """
    data = load(store, sweep) if data is None else data
    page, text = out_dir / "index.html", out_dir / "report.md"
    try:
        (out_dir / "tables").mkdir(parents=True, exist_ok=True)
        (out_dir / "figures").mkdir(exist_ok=True)
        report = compose(store, data)
        for table in report.tables():
            if "csv" in formats:
                _write(out_dir / "tables" / f"{table.name}.csv", table.csv().encode())
            if "tex" in formats:
                _write(out_dir / "tables" / f"{table.name}.tex", latex(table).encode())
        if report.runs is not None and "csv" in formats:
            _write(out_dir / "tables" / f"{report.runs.name}.csv", report.runs.csv().encode())
        if report.runs is not None and "tex" in formats:
            _write(out_dir / "tables" / f"{report.runs.name}.tex", latex(report.runs).encode())
        with drawn_beside(report.figures()):  # meanwhile: everything that shows none
            if "md" in formats:
                _write(text, as_markdown(report).encode())
            if "html" in formats:
                _write_pages(out_dir, store, data, report)
            for figure in report.figures():
                if "svg" in formats:
                    _write(out_dir / "figures" / f"{figure.name}.svg", figure.svg.encode())
                if "png" in formats or "md" in formats:
                    _write(out_dir / "figures" / f"{figure.name}.png", figure.png)
    except OSError as error:
        raise StoreError(
            f"The report cannot be written to '{out_dir}' ({error.strerror}). "
            "Check its permissions, or set HARNESS_RESULTS to a folder of your own."
        ) from error
    return page if "html" in formats else text if "md" in formats else out_dir


def pages_of_runs(store: Store, data: ReportData, report: Report) -> Iterator[tuple[str, str]]:
    """A page a run: its path in the report's folder, and its text."""
    here = {"report": report, "links": report.links, "root": "../", "points": POINTS}
    tasks = {section.task: section for section in report.sections}
    template = templates().get_template("run.html.j2")
    for run in run_pages.compose(store, data, report.machines):
        yield f"runs/{run.file}", template.render(here, page=run, task=tasks.get(run.task))


def pages_of_report(report: Report) -> Iterator[tuple[str, str]]:
    """The list of runs, a page a task, and index.html, last, so that its links lead somewhere."""
    here = {"report": report, "links": report.links, "root": "../"}
    if report.runs is not None:
        yield "runs/index.html", templates().get_template("runs.html.j2").render(here)
    template = templates().get_template("task.html.j2")
    for section in report.sections:
        yield f"tasks/{section.name}.html", template.render(here, section=section)
    yield "index.html", as_html(report)


def as_html(report: Report) -> str:
    """The first page."""
    return templates().get_template("index.html.j2").render(report=report, links=report.links, root="")


def as_markdown(report: Report) -> str:
    """The report but for the pages of runs, for a terminal, a repository or an issue."""
    return templates().get_template("report.md.j2").render(report=report)


def _write_pages(out_dir: Path, store: Store, data: ReportData, report: Report) -> None:
    """Write what has changed, and remove pages of an earlier report that are not in this one."""
    folders = [out_dir / "tasks", out_dir / "runs"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    with _uncollected():
        written = {_write_changed(out_dir / name, text) for name, text in pages_of_runs(store, data, report)}
    written |= {_write_changed(out_dir / name, text) for name, text in pages_of_report(report)}
    for path in (p for folder in folders for p in folder.glob("*.html")):
        if path not in written and _is_ours(path):
            path.unlink()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles of objects: pages of runs leave none, and looking takes a fifth of their time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _write_changed(path: Path, text: str) -> Path:
    content = text.encode()
    if not (path.is_file() and path.read_bytes() == content):
        _write(path, content)
    return path


def _is_ours(path: Path) -> bool:
    """Whether a page was made here: a reader may keep others beside it."""
    with path.open("rb") as file:
        return _OURS in file.read(500)


def _write(path: Path, content: bytes) -> None:
    """Write aside and move into place, so that a reader never sees half a file."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
