"""Exports the store's tables as CSV or Parquet files, one per table, with the names and order of `schema`.

None, NaN and infinity remain distinct. In CSV a text is quoted, None is an empty field without quotes, and numbers may
be nan, inf or -inf; booleans are true and false; JSON columns hold JSON text. In Parquet None is null, and nan and inf
are floats. Values of metrics are never None: a missing one is nan.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from harness.errors import ConfigError, StoreError
from harness.store import schema
from harness.store.values import to_json
from harness.store.writer import Store

FORMATS = ("csv", "parquet")
_CHUNK = 20_000
_NOT_A_NUMBER = ("metrics.value", "final_metrics.value")
"""Columns whose NULL is a NaN that SQLite could not hold."""


def export(store: Store, folder: Path, *, kind: str = "csv") -> list[Path]:
    """Write every table of the store into a folder: a consistent snapshot, each file written atomically.

    Raises:
        ConfigError: no such format, or Parquet without pyarrow.
        StoreError: the folder cannot be written.
    """
    if kind not in FORMATS:
        raise ConfigError(f"'{kind}' is not an export format; choose one of: {', '.join(FORMATS)}.")
    if kind == "parquet" and find_spec("pyarrow") is None:
        raise ConfigError(
            "Parquet needs pyarrow (pip install 'sequence-harness[parquet]'); CSV (--format csv) does not."
        )
    write = _write_csv if kind == "csv" else _write_parquet
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with store.reading() as connection:
            for table in schema.metadata.sorted_tables:
                path = folder / f"{table.name}.{kind}"
                partial = path.with_name(path.name + ".partial")
                write(table, _chunks(connection, table), partial)
                os.replace(partial, path)
                written.append(path)
    except OSError as error:
        raise StoreError(f"The folder '{folder}' cannot be written ({error.strerror}).") from error
    return written


def _chunks(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[Sequence[Any]]]:
    """The table's rows in order, in chunks."""
    query = sa.select(table).order_by(*table.primary_key)
    cells = [_cell_of(column) for column in table.columns]
    for rows in connection.execution_options(yield_per=_CHUNK).execute(query).partitions():
        yield [[cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows]


def _cell_of(column: sa.Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, sa.JSON):
        return lambda value: None if value is None else to_json(value)
    if str(column) in _NOT_A_NUMBER:
        return lambda value: math.nan if value is None else value
    return lambda value: value


def _write_csv(table: sa.Table, chunks: Iterator[Sequence[Sequence[Any]]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(c.name for c in table.columns) + "\n")
        for rows in chunks:
            file.writelines(",".join(map(_csv, row)) + "\n" for row in rows)


def _csv(value: Any) -> str:
    """Format one field (the csv module does not distinguish None from an empty text)."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _write_parquet(table: sa.Table, chunks: Iterator[Sequence[Sequence[Any]]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {sa.Integer: pa.int64(), sa.Float: pa.float64(), sa.Boolean: pa.bool_()}
    types = {c.name: next((v for k, v in kinds.items() if isinstance(c.type, k)), pa.string()) for c in table.columns}
    layout = pa.schema(list(types.items()))
    with pq.ParquetWriter(path, layout) as writer:
        for rows in chunks:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(c, type=kind) for c, kind in zip(columns, types.values(), strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=layout))
