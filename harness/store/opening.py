"""Finding and checking a store before it is used: permissions, identity, schema version."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.errors import StoreError
from harness.store import schema as t


def check_file(file: Path, create: bool) -> bool:
    """Whether a SQLite file can only be read; makes its folder where it may."""
    if file.is_dir():
        raise StoreError(f"The results store '{file}' is a folder: HARNESS_STORE must name a file in it.")
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


def identify(connection: Connection, shown: str, *, missing_is_fine: bool) -> str | None:
    """The store's id; None for an empty database where that is fine.

    Raises:
        StoreError: the database is no results store, or one of a newer schema.
    """
    names = set(sa.inspect(connection).get_table_names())
    if not names and missing_is_fine:
        return None
    if "meta" not in names:
        holds = f"it holds the tables {', '.join(sorted(names)[:5])}" if names else "it is empty"
        raise StoreError(
            f"The database {shown} is no results store ({holds}). "
            "Point HARNESS_STORE at the right one, or at a file that does not exist yet."
        )
    try:
        found = {str(row.name): str(row.value) for row in connection.execute(sa.select(t.meta))}
    except sa.exc.DBAPIError:  # somebody else's table of the same name
        found = {}
    version = found.get("schema_version", "")
    if not version.isdigit() or "store_id" not in found:
        raise StoreError(f"The database {shown} is no results store: its table 'meta' holds no schema version.")
    if int(version) > t.SCHEMA_VERSION:
        raise StoreError(
            f"The results store {shown} has schema version {version}; this version of the harness knows up to "
            f"version {t.SCHEMA_VERSION}. Upgrade sequence-harness, or point HARNESS_STORE at another store."
        )
    return found["store_id"]


def make(connection: Connection, shown: str) -> str:
    """Make the tables in an empty database, unless another process was quicker; the store's id."""
    known = identify(connection, shown, missing_is_fine=True)
    if known is not None:
        return known
    t.metadata.create_all(connection)
    store_id = uuid.uuid4().hex
    values = {"schema_version": str(t.SCHEMA_VERSION), "store_id": store_id, "created_at": str(time.time())}
    connection.execute(sa.insert(t.meta), [{"name": k, "value": v} for k, v in values.items()])
    return store_id


def _may(path: Path, mode: int) -> bool:
    """What the user may do that this process acts for (the real user is asked about where that is all there is)."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
