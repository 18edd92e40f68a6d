"""Finds and checks a store before it is used: permissions, identity, schema version."""

from __future__ import annotations

import os
import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.errors import StoreError
from harness.store import schema as t

_LOCK_NUMBER = 0x68_61_72_6E_65_73_73  # "harness" in ASCII: the number of our PostgreSQL advisory lock

_LONGEST_PATH = 504
"""Of a SQLite file, in bytes: 512 with the end of text and the ending of the write-ahead log."""

_LONGEST_NAME = 256
"""Longer names are refused by the file system itself, whose message is clearer."""


@dataclass(frozen=True)
class Identity:
    """The identity of a store, as recorded in it."""

    store_id: str
    version: int


def check_file(file: Path, create: bool) -> bool:
    """Whether a SQLite file can only be read; makes its folder if allowed."""
    length = len(os.fsencode(file.absolute()))
    if length > _LONGEST_PATH and len(max(file.parts, key=len)) < _LONGEST_NAME:
        raise StoreError(
            f"The path of the results store is {length} bytes long, and SQLite takes {_LONGEST_PATH} at most: set "
            f"HARNESS_RESULTS to a folder with a shorter path. It is '{file}'."
        )
    if file.is_dir():
        raise StoreError(f"The results store '{file}' is a folder: HARNESS_STORE must name a file in it.")
    if file.is_symlink():
        raise StoreError(f"The results store '{file}' is a link that leads in a circle.")
    if file.exists() and not file.is_file():
        raise StoreError(f"The results store '{file}' is not a regular file: HARNESS_STORE must name one.")
    if file.exists():
        writable = _may(file, os.W_OK) and _may(file.parent, os.W_OK)
        if not _may(file, os.R_OK):
            raise StoreError(f"The results store '{file}' cannot be read: check its permissions.")
        if not writable and create:
            raise StoreError(
                f"The results store '{file}' cannot be written: it or its folder is read-only for this user. "
                "Change the permissions, or set HARNESS_RESULTS to a folder of your own."
            )
        return not writable
    if not create:
        raise StoreError(
            f"There is no results store '{file}' yet. Run something first (harness run, harness sweep), "
            "or set HARNESS_STORE or HARNESS_RESULTS to where the results are."
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The results folder '{file.parent}' cannot be made ({error.strerror}). "
            "Set HARNESS_RESULTS to a folder that can be written."
        ) from error
    if not _may(file.parent, os.W_OK):
        raise StoreError(
            f"The results folder '{file.parent}' is read-only for this user, so no store can be made in it. "
            "Change its permissions, or set HARNESS_RESULTS to a folder of your own."
        )
    return False


def identify(connection: Connection, shown: str, *, missing_is_fine: bool) -> Identity | None:
    """The store's id and version; None for an empty database, if that is allowed.

    Raises:
        StoreError: the database is not a results store, or has another schema version.
    """
    inspector = sa.inspect(connection)
    names = set(inspector.get_table_names())
    if not names and missing_is_fine:
        return None
    if "meta" not in names:
        holds = f"it holds the tables {', '.join(sorted(names)[:5])}" if names else "it is empty"
        raise StoreError(
            f"The database {shown} is not a results store ({holds}). "
            "Point HARNESS_STORE at the right one, or at a file that does not exist yet."
        )
    found = {}
    if {"name", "value"} <= {column["name"] for column in inspector.get_columns("meta")}:
        found = {str(row.name): str(row.value) for row in connection.execute(sa.select(t.meta))}
    version = found.get("schema_version", "")
    if re.fullmatch("[0-9]{1,9}", version) is None or "store_id" not in found:
        raise StoreError(f"The database {shown} is not a results store: its table 'meta' holds no schema version.")
    if int(version) < t.SCHEMA_VERSION:
        raise StoreError(
            f"The results store {shown} has schema version {version}, from before the first release; this version of "
            f"the harness reads version {t.SCHEMA_VERSION}: set HARNESS_RESULTS or HARNESS_STORE to begin a new store."
        )
    if int(version) > t.SCHEMA_VERSION:
        raise StoreError(
            f"The results store {shown} has schema version {version}; this version of the harness knows up to "
            f"version {t.SCHEMA_VERSION}. Upgrade sequence-harness, or point HARNESS_STORE at another store."
        )
    return Identity(found["store_id"], int(version))


def alone(connection: Connection) -> None:
    """Wait until no other transaction is creating this store (SQLite has a single writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))


def make(connection: Connection, shown: str) -> Identity:
    """Create the tables in an empty database, unless another process has done so."""
    alone(connection)
    known = identify(connection, shown, missing_is_fine=True)
    if known is not None:
        return known
    t.metadata.create_all(connection)
    store_id = uuid.uuid4().hex
    values = {"schema_version": str(t.SCHEMA_VERSION), "store_id": store_id, "created_at": str(time.time())}
    connection.execute(sa.insert(t.meta), [{"name": k, "value": v} for k, v in values.items()])
    return Identity(store_id, t.SCHEMA_VERSION)


def _may(path: Path, mode: int) -> bool:
    """Whether the effective user has access (checks the real user where the system offers no more)."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
