"""The store's tables as CSV files, and as Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from harness.errors import ConfigError, StoreError
from harness.store import schema
from harness.store.engine import to_json
from harness.store.writer import Store

FORMATS = ("csv", "parquet")


def export(store: Store, folder: Path, *, kind: str = "csv") -> list[Path]:
    """Write every table of the store into a folder, one file a table; JSON columns as JSON text.

    Raises:
        ConfigError: no such format, or Parquet without pyarrow.
        StoreError: the folder cannot be written.
    """
    if kind not in FORMATS:
        raise ConfigError(f"'{kind}' is no export format; there are {', '.join(FORMATS)}.")
    if kind == "parquet" and find_spec("pyarrow") is None:
        raise ConfigError("Parquet needs pyarrow (pip install pyarrow); CSV needs nothing.")
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with store.reading() as connection:
            for table in schema.metadata.sorted_tables:
                path = folder / f"{table.name}.{kind}"
                (_write_csv if kind == "csv" else _write_parquet)(connection, table, path)
                written.append(path)
    except OSError as error:
        raise StoreError(f"The folder '{folder}' cannot be written ({error.strerror}).") from error
    return written


def _rows(connection: sa.Connection, table: sa.Table) -> sa.CursorResult[Any]:
    return connection.execute(sa.select(table).order_by(*table.primary_key))


def _cell(value: Any) -> Any:
    return to_json(value) if isinstance(value, dict | list) else value


def _write_csv(connection: sa.Connection, table: sa.Table, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([c.name for c in table.columns])
        for row in _rows(connection, table):
            writer.writerow([_cell(v) for v in row])


def _write_parquet(connection: sa.Connection, table: sa.Table, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {sa.Integer: pa.int64(), sa.Float: pa.float64(), sa.Boolean: pa.bool_()}
    rows = list(_rows(connection, table))
    arrays = {}
    for i, column in enumerate(table.columns):
        kind = next((v for k, v in kinds.items() if isinstance(column.type, k)), pa.string())
        arrays[column.name] = pa.array([_cell(r[i]) for r in rows], type=kind)
    pq.write_table(pa.table(arrays), path)
