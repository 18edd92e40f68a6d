"""`harness store`: exports the results store, or merges another one into it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.paths import path_named

app = typer.Typer(
    help="Export the results store, or merge another one into it.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("export")
def export(
    folder: Annotated[
        Path, typer.Argument(parser=path_named("FOLDER"), help="Folder to write to; one file per table.")
    ],
    format: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
) -> None:
    """Write every table of the store as CSV or Parquet."""
    from harness.cli.output import say
    from harness.store import Store
    from harness.store.export import export as write

    with Store.open(create=False) as store:
        for path in write(store, folder, kind=format):
            say(str(path))


@app.command("import")
def import_(
    source: Annotated[
        str, typer.Argument(metavar="STORE", help="The other store, as a file or a URL; it is not modified.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be merged; change nothing.")] = False,
) -> None:
    """Merge another store into this one; environments remain separate."""
    from harness.cli.output import say
    from harness.store import Store
    from harness.store.merge import describe, merge

    with Store.open(create=not dry_run) as store:
        for line in describe(merge(store, source, dry_run=dry_run), dry_run=dry_run):
            say(line)
