"""Opening a store: where it is, and one clear message for everything that can be wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.errors import StoreError
from harness.store import Store, query, schema
from harness.store.engine import results_folder, store_url

NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Act as a user without privileges; as oneself where one has none."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach (pytest's own is closed to others)."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    for path in (made, *made.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(made)


def test_a_store_keeps_its_id(url: str):
    with Store.open(url) as first, Store.open(url, create=False) as second:
        assert len(first.store_id) == 32
        assert second.store_id == first.store_id


def test_where_the_store_is(monkeypatch, tmp_path):
    monkeypatch.delenv("HARNESS_STORE", raising=False)
    monkeypatch.delenv("HARNESS_RESULTS", raising=False)
    assert (store_url(), results_folder()) == ("sqlite:///results/store.db", Path("results"))
    monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path / "r"))
    Store.open().close()
    assert (tmp_path / "r" / "store.db").exists()
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{tmp_path / 'other.db'}")
    Store.open().close()
    assert (tmp_path / "other.db").exists()


def test_a_missing_store_is_not_made_for_a_reader(tmp_path):
    with pytest.raises(StoreError, match=r"no results store.*Run something first"):
        Store.open(f"sqlite:///{tmp_path / 'none' / 'store.db'}", create=False)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look at " * 50, b"SQLite format 3\0" + b"\7" * 4000]
)
def test_a_damaged_file_is_named(tmp_path, content):
    file = tmp_path / "store.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"store\.db.*(damaged|not a database)"):
        Store.open(f"sqlite:///{file}")
    assert file.read_bytes() == content


def test_somebody_elses_database_is_left_as_it_is(tmp_path):
    file = tmp_path / "other.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE customers (id)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"not a results store.*customers"):
        Store.open(f"sqlite:///{file}")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "message"), [("99", "schema version 99.*Upgrade"), ("2", "version 2, from before.*begin a new store")]
)
def test_another_schema_version_is_refused_and_left_alone(url: str, version: str, message: str):
    with Store.open(url) as store:
        store.write(
            lambda c, _: c.execute(
                sa.update(schema.meta).where(schema.meta.c.name == "schema_version"), {"value": version}
            )
        )
    for create in (True, False):
        with pytest.raises(StoreError, match=message):
            Store.open(url, create=create)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("results/store.db", "not a database URL"),
        ("oracel://x/y", "not a database URL"),
        ("sqlite:////", "is a folder"),
    ],
)
def test_what_is_no_store_url_is_said(url, message):
    with pytest.raises(StoreError, match=message):
        Store.open(url)


def test_a_password_is_never_shown(monkeypatch):
    with pytest.raises(StoreError) as caught:
        Store.open("postgresql+nodriver://user:hidden@nowhere/db")
    assert "hidden" not in str(caught.value)


def test_a_read_only_folder_is_one_message(folder: Path):
    folder.chmod(0o555)
    with unprivileged(), pytest.raises(StoreError, match=r"read-only for this user.*HARNESS_RESULTS"):
        Store.open(f"sqlite:///{folder / 'store.db'}")
    with unprivileged(), pytest.raises(StoreError, match=r"cannot be made.*HARNESS_RESULTS"):
        Store.open(f"sqlite:///{folder / 'results' / 'store.db'}")
    assert list(folder.iterdir()) == []


def test_a_read_only_store_can_be_read_but_not_written(folder: Path, make_plan):
    url = f"sqlite:///{folder / 'store.db'}"
    with Store.open(url) as store:
        store.plan(make_plan())
    (folder / "store.db").chmod(0o444)
    folder.chmod(0o555)
    with unprivileged():
        with pytest.raises(StoreError, match="cannot be written"):
            Store.open(url)
        with Store.open(url, create=False) as store:
            assert [v.model for v in query.runs(store)] == ["lstm"]
            with pytest.raises(StoreError, match="cannot be written"):
                store.plan(make_plan(seed=3))


def test_an_unreadable_store_is_one_message(folder: Path):
    url = f"sqlite:///{folder / 'store.db'}"
    Store.open(url).close()
    (folder / "store.db").chmod(0o000)
    with unprivileged(), pytest.raises(StoreError, match="cannot be read"):
        Store.open(url, create=False)
