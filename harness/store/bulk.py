"""Writes rows in bulk into an empty store, bypassing the ledger: for synthetic stores in benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.writer import Store

_CHUNK = 20_000


Tables = Iterable[tuple[str, Iterable[dict[str, Any]]]]


def fill(store: Store, tables: Callable[[], Tables]) -> None:
    """Insert rows, all in one transaction.

    Args:
        store: open, and empty.
        tables: yields (table name, rows), parents before children; the rows of one entry have the same columns. Called
            again if the transaction is repeated.
    """

    def work(connection: Connection, _unsure: bool) -> None:
        for name, rows in tables():
            left = iter(rows)
            while chunk := list(islice(left, _CHUNK)):
                connection.execute(sa.insert(t.metadata.tables[name]), chunk)
        if connection.dialect.name == "postgresql":  # explicit ids do not advance the sequence
            last = "SELECT setval(pg_get_serial_sequence('runs', 'id'), (SELECT max(id) FROM runs))"
            connection.execute(sa.text(last))

    store.write(work)
