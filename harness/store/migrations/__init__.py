"""Migrations of the store's tables: Alembic scripts, one a version, whose revision is the number of the version.

The version of a store stands in its table `meta` and nowhere else, so Alembic's own table is not made: its scripts
say what to do and in which order, its operations do it, in the transaction of whoever calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy.engine import Connection

from harness.errors import StoreError
from harness.store import engine as connections
from harness.store import schema as t
from harness.store import transactions
from harness.store.opening import alone, check_file, identify


def scripts() -> ScriptDirectory:
    """The migrations, wherever this package is installed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parent).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def steps(version: int) -> list[Script]:
    """The migrations from a version to the current one, first to last."""
    return [s for s in reversed(list(scripts().walk_revisions())) if int(s.revision) > version]


def upgrade(connection: Connection, shown: str) -> list[Script]:
    """Bring a store to the current version in the transaction given; what was done, nothing where it is current.

    Raises:
        StoreError: the database is no results store, or one of a newer version.
    """
    alone(connection)
    found = identify(connection, shown, missing_is_fine=False)  # again: another process may have been quicker
    if found is None:
        raise StoreError(f"There is no results store in {shown}.")
    taken = steps(found.version)
    with Operations.context(MigrationContext.configure(connection)):
        for script in taken:
            script.module.upgrade()
            version = sa.update(t.meta).where(t.meta.c.name == "schema_version").values(value=script.revision)
            connection.execute(version)
    return taken


@dataclass(frozen=True)
class Migration:
    """What a migration did, or would do: the store, its version before, and (version, what changes) step by step."""

    store: str
    version: int
    steps: list[tuple[int, str]]


def migrate(url: str | None = None, *, dry_run: bool = False) -> Migration:
    """Bring a store to the current version.

    Args:
        url: of the store; None: HARNESS_STORE, or store.db in the results folder.
        dry_run: only say what would be done.

    Raises:
        StoreError: there is no store, it is of a newer version, or it cannot be written.
    """
    parsed = connections.parse_url(url or connections.store_url())
    shown = connections.shown(parsed)
    file = connections.sqlite_file(parsed)
    read_only = file is not None and check_file(file, create=False)
    engine = connections.connect(parsed, read_only=read_only or dry_run)
    try:
        found = transactions.read(engine, shown, lambda c: identify(c, shown, missing_is_fine=False))
        assert found is not None
        taken = steps(found.version)
        if taken and not dry_run:
            taken = transactions.write(engine, shown, lambda c, _: upgrade(c, shown))
    finally:
        engine.dispose()
    return Migration(shown, found.version, [(int(s.revision), str(s.doc)) for s in taken])
