"""`build`: write the pages, report.md, and every table and figure as a file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.report import run_lists, run_pages
from harness.report.background import in_background
from harness.report.contents import Report
from harness.report.folder import ReportFolder
from harness.report.latex import latex
from harness.report.load import ReportData, load
from harness.report.outline import empty_sections, machine_names
from harness.report.templating import templates
from harness.store import Store
from harness.store.thinned_curves import POINTS

if TYPE_CHECKING:
    from harness.report.standing import Judgement

FORMATS = ("html", "md", "csv", "tex", "svg", "png", "json")
"""The formats of a report."""

MANY = 50
"""With at least this many runs, their pages are written by a separate process."""


def build(
    store: Store,
    out_dir: Path,
    *,
    sweep: str | None = None,
    data: ReportData | None = None,
    formats: Collection[str] = FORMATS,
    extra: Iterable[tuple[str, bytes]] = (),
    judgements: Sequence[Judgement] | None = None,
) -> Path:
    """Write the report of a sweep, or of every run in the store, into a folder.

    Pages: index.html, reproduction.html, claims.html, stores.html, tasks/*.html, runs/*.html. Each is one file that
    works offline: style, script and figures are embedded. Also: report.md, report.json, tables/*.csv and *.tex,
    figures/*.svg and *.png, and files.sha256, a list of all these. Files of an earlier report are replaced, and stale
    ones removed.

    Args:
        store: open, at least for reading.
        out_dir: created if it does not exist.
        sweep: its name; None: everything.
        data: what to report, if already loaded.
        formats: which of `FORMATS` to write; Markdown includes png figures, unless only svg is requested.
        extra: further files, each a name and its content.
        judgements: of the comparisons, if they are already made.

    Returns:
        The path of index.html; without HTML, of report.md, without that of report.json, else the folder.

    Raises:
        UnknownNameError: no such sweep.
        StoreError: the store holds no runs, or the folder cannot be written.
    """
    data = load(store, sweep) if data is None else data
    page, text, record = (out_dir / name for name in ("index.html", "report.md", "report.json"))
    try:
        folder = ReportFolder(out_dir)
        pictures = "svg" if "svg" in formats and "png" not in formats else "png"
        with ExitStack() as processes:
            if "html" in formats:
                work = partial(_write_pages_of_runs, folder, store, data)
                written = processes.enter_context(in_background(work)) if len(data.runs) >= MANY else work
            # While that process works: these import scipy.stats and matplotlib, which takes a second.
            from harness.report.exchange import numbers
            from harness.report.exchange.document import SCHEMA, document
            from harness.report.figures import drawn_in_background
            from harness.report.sections import compose

            report = compose(store, data, judgements)
            _write_tables(folder, report, formats)
            help_drawing = processes.enter_context(drawn_in_background(report.figures()))
            if "md" in formats:  # meanwhile: it shows no pages of runs
                folder.write(text.name, as_markdown(report, pictures).encode())
            help_drawing()
            if "json" in formats:
                folder.write("report.json", numbers.text(document(data, report.judgements, report.claims)))
                folder.write(SCHEMA.name, SCHEMA.read_bytes())
            if "html" in formats:
                made = list(pages_of_report(report))
                folder.wrote(written())  # first the pages that the others link to
                for name, content in made:
                    folder.write(name, content.encode())
            for figure in report.figures():
                if "svg" in formats:
                    folder.write(f"figures/{figure.name}.svg", figure.svg.encode())
                if "png" in formats or ("md" in formats and pictures == "png"):
                    folder.write(f"figures/{figure.name}.png", figure.png)
        for name, more in extra:
            folder.write(name, more)
        folder.finish()
    except OSError as error:
        raise StoreError(
            f"The report cannot be written to '{out_dir}' ({error.strerror}). "
            "Check its permissions, or set HARNESS_RESULTS to a folder of your own."
        ) from error
    return page if "html" in formats else text if "md" in formats else record if "json" in formats else out_dir


def _write_tables(folder: ReportFolder, report: Report, formats: Collection[str]) -> None:
    for table in [*report.tables(), *([report.runs] if report.runs is not None else [])]:
        if "csv" in formats:
            folder.write(f"tables/{table.name}.csv", table.csv().encode())
        if "tex" in formats:
            folder.write(f"tables/{table.name}.tex", latex(table).encode())


def pages_of_runs(store: Store, data: ReportData) -> Iterator[tuple[str, str]]:
    """One page per run: its path in the report's folder, and its text."""
    here = {"store_id": data.store_id, "links": run_lists.links(data.runs), "root": "../", "points": POINTS}
    tasks = {section.task: section for section in empty_sections(data)}
    template = templates().get_template("run.html.j2")
    for run in run_pages.compose(store, data, machine_names(data)):
        yield f"runs/{run.file}", template.render(here, page=run, task=tasks.get(run.task))


def pages_of_report(report: Report) -> Iterator[tuple[str, str]]:
    """The list of runs, one page per task, and index.html last, so that its links work."""
    here = {"report": report, "store_id": report.store_id, "links": report.links, "root": "../"}
    if report.runs is not None:
        yield "runs/index.html", templates().get_template("runs.html.j2").render(here)
    here_top = {**here, "root": ""}
    yield "about.html", templates().get_template("about.html.j2").render(here_top)
    if report.across:
        yield "across.html", templates().get_template("across.html.j2").render(here_top)
    if report.reproduction is not None:
        yield "reproduction.html", templates().get_template("reproduction.html.j2").render(here_top)
    if report.claims:
        yield "claims.html", templates().get_template("claims.html.j2").render(here_top)
    if report.stores is not None:
        yield "stores.html", templates().get_template("stores.html.j2").render(here_top)
    template = templates().get_template("task.html.j2")
    for section in report.sections:
        yield f"tasks/{section.name}.html", template.render(here, section=section)
    yield "index.html", as_html(report)


def as_html(report: Report) -> str:
    """The first page."""
    here = {"report": report, "store_id": report.store_id, "links": report.links, "root": ""}
    return templates().get_template("index.html.j2").render(here)


def as_markdown(report: Report, pictures: str = "png") -> str:
    """The report without the pages of runs, for a terminal, a repository or an issue; pictures: "png" or "svg"."""
    return templates().get_template("report.md.j2").render(report=report, pictures=pictures)


def _write_pages_of_runs(folder: ReportFolder, store: Store, data: ReportData) -> dict[str, str]:
    """Digests by name."""
    return {name: folder.write(name, content.encode()) for name, content in pages_of_runs(store, data)}
