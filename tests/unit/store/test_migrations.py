"""Older stores are brought to the current version: nothing is lost, nothing is half done, a newer one is refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from harness.errors import StoreError
from harness.store import Store, engine, migrations, query, schema
from harness.store.records import RunSummary

HERE = Path(__file__).parent
KEY = "aaaa".ljust(64, "0")


def execute(url: str, text: str) -> None:
    """Statements on a database that need not be a store, committed together."""
    parsed = engine.parse_url(url)
    file = engine.sqlite_file(parsed)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file)
        connection.executescript(f"BEGIN; {text} COMMIT;")
        connection.close()
        return
    made = engine.connect(parsed)
    with made.begin() as connection:
        for statement in filter(str.strip, text.split(";\n")):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    made.dispose()


@pytest.fixture
def old_url(url: str) -> str:
    """A store that version 1 made."""
    dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
    text = (HERE / f"version_1.{dialect}.sql").read_text()
    execute(url, "\n".join(line for line in text.splitlines() if not line.startswith("--")) + "\n")
    return url


def contents(url: str, tables: Callable[[sa.Table], list[sa.Column[Any]]]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, in these columns, whatever the version."""
    made = engine.connect(engine.parse_url(url))
    with made.connect() as connection:
        found = {
            table.name: sorted(map(repr, connection.execute(sa.select(*tables(table))).all()))
            for table in schema.metadata.sorted_tables
            if table.name != "meta"
        }
    made.dispose()
    return found  # type: ignore[return-value]


def of_version_1(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in ("memory", "machine", "energy")]


def version(url: str) -> str:
    made = engine.connect(engine.parse_url(url))
    with made.connect() as connection:
        found = connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.name == "schema_version"))
        value = str(found.scalar_one())
    made.dispose()
    return value


def differences(url: str) -> list[Any]:
    """How the tables differ from the schema; the comments, which only PostgreSQL keeps, may be older."""
    made = engine.connect(engine.parse_url(url))
    with made.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, schema.metadata)
    made.dispose()
    return [d for d in found if isinstance(d, tuple) or any(change[0] != "modify_comment" for change in d)]


def test_there_is_one_migration_a_version_and_the_last_is_the_current_one():
    assert [int(s.revision) for s in migrations.steps(0)] == list(range(1, schema.SCHEMA_VERSION + 1))


def test_a_fresh_store_is_what_the_schema_says(url: str):
    Store.open(url).close()
    assert differences(url) == []


def test_opening_for_writing_migrates_and_loses_no_row(old_url: str):
    before = contents(old_url, of_version_1)
    assert sum(map(len, before.values())) == 12
    with Store.open(old_url) as store:
        assert store.store_id == "0123456789abcdef0123456789abcdef"
        view = query.run(store, KEY)
        assert view.summary == RunSummary(
            {"test/bleu": 21.5, "val/loss": view.summary.metrics["val/loss"]}, 21.5, 1234, 1000, {"forward": 1.5},
            3.0, 2.0, throughput=100.0, throughput_unit="target tokens/s", memory_peak_bytes=10_000,
            checkpoint={"step": 8}, artifacts={"checkpoint": "best.ckpt"},
        )  # fmt: skip
        assert query.run_as_json(view)["memory"] == {}
    assert contents(old_url, of_version_1) == before
    assert version(old_url) == str(schema.SCHEMA_VERSION)
    assert differences(old_url) == []
    Store.open(old_url).close()  # a second time is harmless
    assert contents(old_url, of_version_1) == before


def test_a_migrated_store_is_written_like_any_other(old_url: str, make_plan, environment, summary, outputs):
    plan = make_plan()
    with Store.open(old_url) as store:
        run_id = store.start(plan, environment, owner_pid=os.getpid())
        store.finish(run_id, summary, *outputs)
        assert query.run(store, plan.key).summary == summary


def test_a_reader_leaves_an_older_store_alone_and_says_what_to_do(old_url: str):
    with pytest.raises(StoreError, match=r"has schema version 1.*harness store migrate"):
        Store.open(old_url, create=False)
    assert version(old_url) == "1"


def test_a_version_that_is_not_known_yet_is_refused_and_left_alone(old_url: str):
    execute(old_url, "UPDATE meta SET value = '99' WHERE name = 'schema_version';\n")
    for create in (True, False):
        with pytest.raises(StoreError, match=r"schema version 99.*Upgrade"):
            Store.open(old_url, create=create)
    assert version(old_url) == "99"


def test_a_migration_that_breaks_off_leaves_the_old_version_whole(old_url: str, monkeypatch):
    before = contents(old_url, of_version_1)
    done = []

    def break_off(table: str, column: sa.Column[Any]) -> None:
        if done:
            raise RuntimeError("the power went out")
        done.append(column)
        add_column(table, column)

    script = migrations.steps(1)[0]
    add_column = script.module.op.add_column
    monkeypatch.setattr(script.module.op, "add_column", break_off)
    monkeypatch.setattr(migrations, "steps", lambda _: [script])
    with pytest.raises(RuntimeError, match="power"):
        Store.open(old_url)
    monkeypatch.undo()
    assert done
    assert version(old_url) == "1"
    assert contents(old_url, of_version_1) == before
    made = engine.connect(engine.parse_url(old_url))
    with made.connect() as connection:
        assert "memory" not in {c["name"] for c in sa.inspect(connection).get_columns("runs")}
    made.dispose()
    with Store.open(old_url) as store:
        assert len(query.runs(store)) == 3


MIGRATE = """
import os, signal, sys
from harness.store import Store, migrations

if "--die" in sys.argv:
    steps = migrations.steps
    def then_die(version):
        yield from steps(version)
        os.kill(os.getpid(), signal.SIGKILL)
    migrations.steps = then_die
print("ready", flush=True)
sys.stdin.readline()
Store.open(sys.argv[1]).close()
"""


def migrating(url: str, *words: str) -> subprocess.Popen[str]:
    """A process that migrates when told to."""
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, url, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_a_killed_migration_leaves_the_old_version_whole(old_url: str):
    before = contents(old_url, of_version_1)
    child = migrating(old_url, "--die")
    _, errors = child.communicate("go\n", timeout=120)
    assert child.returncode == -signal.SIGKILL, errors
    assert version(old_url) == "1"
    with Store.open(old_url) as store:
        assert len(query.runs(store)) == 3
    assert contents(old_url, of_version_1) == before


def test_two_processes_that_migrate_at_once_do_it_once(old_url: str):
    children = [migrating(old_url) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors
    assert version(old_url) == str(schema.SCHEMA_VERSION)
    assert differences(old_url) == []


def test_a_writer_of_the_older_version_does_not_lose_its_run(old_url: str):
    """What an older program inserts while the store is migrated under it has no value in the new columns."""
    Store.open(old_url).close()
    execute(old_url, "UPDATE runs SET status = 'finished', primary_value = 1.0, total_s = 1.0, train_s = 1.0, "
                     "parameters = 1, encoder_parameters = 1, memory_peak_bytes = 1, phases = '{}', "
                     "checkpoint = '{}', details = '{}', artifacts = '{}', charts = '{}', split = 'test', "
                     "throughput_unit = '' WHERE id = 3;\n")  # fmt: skip
    with Store.open(old_url, create=False) as store:
        summary = query.run(store, "cccc").summary
        assert summary is not None
        assert (summary.memory, summary.machine, summary.energy) == ({}, {}, {})
