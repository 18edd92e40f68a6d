"""Transactions with retries: transient failures are repeated, and permanent ones become a one-sentence error.

Retried are a lock held by another writer, a deadlock or serialisation failure, two writers that insert the same row,
and a server that restarts. Work may therefore run twice, and after a lost connection it is unknown whether the first
attempt was committed: the work is told so, and every method of the store allows for it.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from harness.errors import StoreError

READ = "harness_read"
"""Execution option of connections that only read."""

LOCK_TIMEOUT_S = 30.0
"""Seconds that SQLite waits for a lock before it reports that the database is locked."""

PATIENCE_S = 60.0
"""Seconds for which a transaction is retried."""

OPENING_PATIENCE_S = 10.0
"""Seconds to wait for a server that does not answer when a store is opened."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0

_IN_THE_WAY = ("40001", "40P01", "55P03")  # serialisation failure, deadlock, lock not available
_SAME_ROW = "23505"  # a retry finds the row that the other writer inserted
_LOOKS_AT_SAME_ROW = 5
_SERVER_AWAY = ("57P01", "57P02", "57P03", "53300", "08")  # shutdown, crash, starting, no free slot, connection
_WORDS_OF_REFUSAL = ("password", "authentication", "pg_hba", "does not exist", "host name", "resolve")

Result = TypeVar("Result")


Work = Callable[[Connection, bool], Result]
"""Work in a transaction; the second argument says whether an earlier attempt may have been committed."""


def write(engine: Engine, shown: str, work: Work[Result], *, patience_s: float | None = None) -> Result:
    """Do the work in one writing transaction: all of it or nothing.

    Args:
        engine: from `engine.connect`.
        shown: the store's URL for messages, without a password.
        work: what to do; called again if an attempt fails for a transient reason.
        patience_s: seconds to keep trying; None: `PATIENCE_S`.

    Raises:
        StoreError: the database refuses, with its reason in one sentence.
    """

    def attempt(unsure: bool) -> Result:
        with engine.begin() as connection:
            return work(connection, unsure)

    return _until_it_works(attempt, shown, PATIENCE_S if patience_s is None else patience_s)


def read(
    engine: Engine, shown: str, work: Callable[[Connection], Result], *, patience_s: float | None = None
) -> Result:
    """Do the work in one transaction that sees a consistent state of the store and blocks no writer.

    Raises:
        StoreError: as `write`.
    """

    def attempt(unsure: bool) -> Result:
        with reading(engine).begin() as connection:
            return work(connection)

    return _until_it_works(attempt, shown, PATIENCE_S if patience_s is None else patience_s)


@contextmanager
def open_reading(engine: Engine, shown: str) -> Iterator[Connection]:
    """A read transaction as a context manager, for results read in pieces; only its beginning is retried."""
    target = reading(engine)
    with friendly(shown):
        connection = _until_it_works(lambda unsure: target.connect(), shown, PATIENCE_S)
        with connection, connection.begin():
            yield connection


def reading(engine: Engine) -> Engine:
    """The engine for transactions that read a consistent state."""
    options: dict[str, Any] = {READ: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)


def _until_it_works(attempt: Callable[[bool], Result], shown: str, patience_s: float) -> Result:
    deadline, pause, unsure = time.monotonic() + patience_s, _FIRST_PAUSE_S, False
    with friendly(shown):
        for number in itertools.count(1):
            try:
                return attempt(unsure)
            except DBAPIError as error:
                away = is_away(error)
                if not (away or is_passing(error, number)) or time.monotonic() + pause > deadline:
                    raise
                unsure = unsure or away
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
    raise AssertionError("unreachable: the loop has no end")


def is_passing(error: DBAPIError, attempt: int = 1) -> bool:
    """Whether this attempt failed because of another writer."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig) or "locking protocol" in str(error.orig)
    state = getattr(error.orig, "sqlstate", None)
    return state in _IN_THE_WAY or (state == _SAME_ROW and attempt < _LOOKS_AT_SAME_ROW)


def is_away(error: DBAPIError) -> bool:
    """Whether the server has gone away or is not back yet."""
    if isinstance(error.orig, sqlite3.Error):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_SERVER_AWAY)
    # Without a state the connection failed, with a message in the system's language. Known permanent refusals are
    # reported at once; others are retried until the patience ends.
    cause = str(error.orig).lower()
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and not any(
        word in cause for word in _WORDS_OF_REFUSAL
    )


@contextmanager
def friendly(shown: str) -> Iterator[None]:
    """Turn errors of the driver into a StoreError that says what to do."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        if isinstance(error, sa.exc.IntegrityError):
            raise
        raise StoreError(_message(shown, error)) from error


_HINTS = {
    ("readonly", "unable to open", "read-only transaction"): (
        "It cannot be written: check the permissions of the file and its folder, or set HARNESS_RESULTS."
    ),
    ("locked",): f"Another process has held it for more than {LOCK_TIMEOUT_S:.0f} s.",
    ("not a database", "malformed"): (
        "The file is damaged or is not a results store: move it away, or point HARNESS_STORE elsewhere."
    ),
    ("full", "no space left"): "The disk is full: make room and start the command again; finished runs are kept.",
    ("i/o error",): "The disk cannot be read or written; it may be full, or the file may lie on a network file system.",
    ("password", "authentication", "pg_hba", "role"): "Check user and password in HARNESS_STORE.",
    ("permission denied",): "The database's user may not do this: ask who runs the server for the right.",
    ("no such table", "no such column", "undefined", "does not exist"): (
        "It is not a results store, or tables of it are missing: check HARNESS_STORE."
    ),
    ("connection", "host name", "resolve"): (
        "The server does not answer: check that it runs, and the address in HARNESS_STORE."
    ),
}


def _message(shown: str, error: Exception) -> str:
    cause = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
    found = (hint for words, hint in _HINTS.items() if any(word in cause.lower() for word in words))
    return f"The results store {shown} answers: {cause.rstrip('.')}. {next(found, 'Check HARNESS_STORE.')}"
