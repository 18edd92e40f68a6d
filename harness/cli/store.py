"""`harness store`: take the results store elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Export the results store.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `export` a subcommand although it is the only one."""


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; one file a table.")],
    format: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
) -> None:
    """Write every table of the store as CSV or Parquet."""
    from harness.store import Store
    from harness.store.export import export as write

    with Store.open(create=False) as store:
        for path in write(store, folder, kind=format):
            print(path)
