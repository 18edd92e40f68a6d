"""Connections to the store: its location, and settings that make databases safe for many writers.

SQLite's default (read first, lock when writing) silently loses updates of concurrent writers. Here every writing
transaction takes the write lock when it begins, the journal is a write-ahead log, and a process waits up to 30 s for
its turn. PostgreSQL locks the rows on which a transaction bases decisions (`transactions` repeats one that conflicts
with another).
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from harness.errors import StoreError
from harness.store.place import results_folder, sqlite_path, sqlite_url, store_url
from harness.store.transactions import LOCK_TIMEOUT_S, READ, friendly
from harness.store.values import from_json, plain, to_json

DATABASES = ("sqlite", "postgresql")
_SECRET_PARAMETERS = ("password", "passfile", "sslpassword", "sslkey")
_CONNECT_TIMEOUT_S = 10


def parse_url(url: str) -> URL:
    """The validated URL, with the driver added for PostgreSQL.

    Args:
        url: a SQLAlchemy URL; what follows `sqlite:///` is the path of a file, taken literally.

    Raises:
        StoreError: it is not a SQLAlchemy URL, or its database is not supported.
    """
    example = "Write for example sqlite:///results/store.db or postgresql+psycopg://user@server/name."
    try:
        file = sqlite_path(url)
        if file is not None:  # a path is no part of a URL: '?', '#' and '%' are characters like all others
            return URL.create("sqlite", database=file)
        parsed = make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url))
        known = parsed.get_backend_name() in DATABASES
        if known:
            parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        raise StoreError(
            f"HARNESS_STORE or the store given is '{_masked(url)}', which is not a database URL "
            f"({_masked(str(error))}). {example}"
        ) from error
    if not known:
        raise StoreError(
            f"HARNESS_STORE or the store given is '{shown(parsed)}', which is not a database URL that the store "
            f"supports ({', '.join(DATABASES)}). {example}"
        )
    if parsed.get_backend_name() == "sqlite":  # a server, as in sqlite://store.db, or no file: a database in memory
        name = url.partition("://")[2]
        meant = f"write sqlite:///{name}" if parsed.host else "write sqlite:///FILE"
        raise StoreError(
            f"HARNESS_STORE or the store given is '{url}', which names no file, so nothing would be kept: {meant}."
        )
    return parsed


def shown(url: URL) -> str:
    """The URL for messages, with every password removed."""
    if url.get_backend_name() == "sqlite":
        return address(url)
    hidden = {name: "***" for name in url.query if name in _SECRET_PARAMETERS}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def address(url: URL) -> str:
    """The URL as `parse_url` reads it, its password included."""
    if url.get_backend_name() == "sqlite" and url.database:
        return sqlite_url(url.database)
    return url.render_as_string(hide_password=False)


def quoted_url(file: Path) -> str:
    """The URL of a SQLite file in SQLAlchemy's own grammar, for other programs that read it.

    Raises:
        StoreError: the installed SQLAlchemy has no way to write this path.
    """
    url = URL.create("sqlite", database=str(file))
    text = url.render_as_string()
    if make_url(text) != url:
        raise StoreError(f"'{file}' cannot be written as a database URL: choose a folder without '?' and '%'.")
    return text


def _masked(text: str) -> str:
    """A text that could not be parsed, with anything like a password removed."""
    text = re.sub(r"([^:/@\s'\"]*):(?!//)[^\s'\"]*@", r"\1:***@", text)
    return re.sub(rf"\b({'|'.join(_SECRET_PARAMETERS)})=[^&\s'\"]*", r"\1=***", text)


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL, links followed as SQLite does; None for another or an in-memory database."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    file = Path(url.database)
    return Path(os.path.realpath(file)) if file.is_symlink() else file


def connect(url: URL, *, read_only: bool = False, query_only: bool = False) -> Engine:
    """An engine whose transactions are safe between processes.

    Args:
        url: from `parse_url`.
        read_only: the file or its folder cannot be written, or must not be touched.
        query_only: SQLite refuses every statement that would write; the file itself is opened for writing, since
            another process may be writing to it. PostgreSQL does not need this: reads use read-only transactions.

    Raises:
        StoreError: the database's driver is not installed.
    """
    options: dict[str, Any] = {"json_serializer": to_json, "json_deserializer": from_json}
    file = sqlite_file(url)
    if file is not None and read_only:
        # A closed WAL store in a folder without write permission opens only as immutable.
        wal = file.with_name(file.name + "-wal")
        mode = "mode=ro" if wal.exists() else "mode=ro&immutable=1"
        uri = f"{file.absolute().as_uri()}?{mode}"
        options["creator"] = lambda: sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT_S, check_same_thread=False)
        url = URL.create("sqlite")
        options["poolclass"] = sa.pool.NullPool
    if url.get_backend_name() == "postgresql":
        options["pool_pre_ping"] = True  # restarting a server closes the pool's connections
        options["hide_parameters"] = True
        for library in ("psycopg", "sqlalchemy.pool"):  # lost connections are made again; their warnings are noise
            logging.getLogger(library).addHandler(logging.NullHandler())
        if "connect_timeout" not in url.query:
            options["connect_args"] = {"connect_timeout": _CONNECT_TIMEOUT_S}
    try:
        engine = sa.create_engine(url, **options)
    except ModuleNotFoundError as error:
        wanted = "'sequence-harness[postgresql]'" if url.get_backend_name() == "postgresql" else "it"
        raise StoreError(
            f"The store is '{shown(url)}', and its driver is not installed ({error}). "
            f"Install {wanted} with pip, or use sqlite:///results/store.db."
        ) from error
    if engine.dialect.name == "sqlite":
        _make_safe(engine, query_only)
    return engine


def _make_safe(engine: Engine, query_only: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # keeps the driver from beginning transactions itself
        connection.execute(f"PRAGMA busy_timeout = {int(LOCK_TIMEOUT_S * 1000)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere may hold triggers and views
        if query_only:
            connection.execute("PRAGMA query_only = ON")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READ, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def use_write_ahead_log(engine: Engine, shown: str) -> None:
    """Switch a SQLite file to WAL, once; the switch does not wait for a lock, so it is tried again."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    with friendly(shown), contextlib.closing(engine.raw_connection()) as raw:
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


__all__ = [
    "DATABASES", "connect", "parse_url", "plain", "results_folder", "shown", "sqlite_file", "store_url", "to_json",
    "use_write_ahead_log",
]  # fmt: skip
