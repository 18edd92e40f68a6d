"""`harness report`: the comparison report of the store or of one sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    sweep: Annotated[str | None, typer.Option(help="Only the runs of this sweep.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: results/report.")] = None,
) -> None:
    """Write index.html and report.md from the results store, and print the page's path."""
    from harness import report
    from harness.store import Store
    from harness.store.engine import results_folder

    with Store.open(create=False) as store:
        print(report.build(store, out or results_folder() / "report", sweep=sweep))
