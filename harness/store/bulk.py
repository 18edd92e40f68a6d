"""Rows written in bulk into an empty store, past the ledger: for stores that are made up to be measured."""

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
        tables: makes (name of a table, its rows), parents before children; the rows of one entry fill the same
            columns. Called again where the transaction is repeated.
    """

    def work(connection: Connection, _unsure: bool) -> None:
        for name, rows in tables():
            left = iter(rows)
            while chunk := list(islice(left, _CHUNK)):
                connection.execute(sa.insert(t.metadata.tables[name]), chunk)
        if connection.dialect.name == "postgresql":  # the rows' numbers were given, so the counter has not moved
            last = "SELECT setval(pg_get_serial_sequence('runs', 'id'), (SELECT max(id) FROM runs))"
            connection.execute(sa.text(last))

    store.write(work)
