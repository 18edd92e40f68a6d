"""Connections to the store: where it is, how SQLite is made safe for many writers, and errors for people.

SQLite's default (read first, lock when writing) silently loses updates of concurrent writers. Here every
writing transaction takes the write lock when it begins, the journal is a write-ahead log, and a process waits up
to 30 s for its turn.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from harness.errors import StoreError

TIMEOUT_S = 30.0
_READ = "harness_read"


def results_folder() -> Path:
    """Where run folders and reports go: HARNESS_RESULTS, or results/ under the working folder."""
    return Path(os.environ.get("HARNESS_RESULTS") or "results")


def store_url() -> str:
    """Where the store is: HARNESS_STORE, or store.db in the results folder."""
    return os.environ.get("HARNESS_STORE") or f"sqlite:///{results_folder() / 'store.db'}"


def parse_url(url: str) -> URL:
    """The URL, checked.

    Raises:
        StoreError: it is no SQLAlchemy URL.
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        without_password = re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", url)
        raise StoreError(
            f"HARNESS_STORE or the store given is '{without_password}', which is no database URL ({error}). "
            "Write for example sqlite:///results/store.db or postgresql+psycopg://user@server/name."
        ) from error
    return parsed


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL; None for another database or for one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def connect(url: URL, *, read_only: bool = False) -> Engine:
    """An engine whose transactions are safe between processes.

    Raises:
        StoreError: the database's driver is not installed.
    """
    options: dict[str, Any] = {"json_serializer": to_json}
    file = sqlite_file(url)
    if file is not None and read_only:
        # A closed WAL store in a folder without write permission opens only as immutable.
        wal = file.with_name(file.name + "-wal")
        mode = "mode=ro" if wal.exists() else "mode=ro&immutable=1"
        uri = f"{file.absolute().as_uri()}?{mode}"
        options["creator"] = lambda: sqlite3.connect(uri, uri=True, timeout=TIMEOUT_S, check_same_thread=False)
        url = make_url("sqlite://")
        options["poolclass"] = sa.pool.NullPool
    try:
        engine = sa.create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"The store is '{url.render_as_string()}', and its driver is not installed ({error}). "
            "Install it with pip, or use sqlite:///results/store.db."
        ) from error
    if engine.dialect.name == "sqlite":
        _make_safe(engine)
    return engine


def _make_safe(engine: Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        connection.execute(f"PRAGMA busy_timeout = {int(TIMEOUT_S * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(_READ, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def use_write_ahead_log(engine: Engine, shown: str) -> None:
    """Switch a SQLite file to WAL, once; the switch does not wait for a lock, so it is tried again."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + TIMEOUT_S
    with friendly(shown), contextlib.closing(engine.raw_connection()) as raw:
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


@contextmanager
def transaction(engine: Engine, shown: str, *, reading: bool = False) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Args:
        engine: from `connect`.
        shown: the store's URL for messages, without a password.
        reading: take no write lock.

    Raises:
        StoreError: the database refuses, with its reason in one sentence.
    """
    target = engine.execution_options(**{_READ: True}) if reading else engine
    with friendly(shown), target.begin() as connection:
        yield connection


@contextmanager
def friendly(shown: str) -> Iterator[None]:
    """Turn the driver's errors into a StoreError that says what to do."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        if isinstance(error, sa.exc.IntegrityError):
            raise
        raise StoreError(_message(shown, error)) from error


def _message(shown: str, error: Exception) -> str:
    cause = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
    if "readonly" in cause or "unable to open" in cause:
        hint = "It cannot be written: check the permissions of the file and its folder, or set HARNESS_RESULTS."
    elif "locked" in cause:
        hint = f"Another process has held it for more than {TIMEOUT_S:.0f} s."
    elif "not a database" in cause or "malformed" in cause:
        hint = "The file is damaged or is no results store: move it away, or point HARNESS_STORE elsewhere."
    elif "full" in cause:
        hint = "The disk is full: make room and start the command again; finished runs are kept."
    else:
        hint = "Check HARNESS_STORE."
    return f"The results store {shown} answers: {cause}. {hint}"


def to_json(value: Any) -> str:
    """JSON without NaN or infinity (they become null); numpy numbers become plain ones."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """The same data made of dict, list, str, int, finite float, bool and None only."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    return str(value)
