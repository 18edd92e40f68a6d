"""Where the store is: in the folder that was named, whatever its name."""

import os
import sqlite3
from pathlib import Path

import pytest

from harness.errors import StoreError, UserError
from harness.store import Store
from harness.store.engine import parse_url, quoted_url, shown
from harness.store.merge import merge
from harness.store.place import is_missing, sqlite_path, sqlite_url

NAMES = [
    "what?", "a?mode=memory", "a?mode=ro&immutable=1", "no#1", "two words", "grün", "50%", "%41", "A", "~x", "a:b",
    " blank ", "line\nend", os.fsdecode(b"caf\xe9"), "file:x", ":memory:", "sqlite:", "a\\b", "'",
    '"', "&;$HOME", "-x", "a=b",
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_STORE", raising=False)


@pytest.mark.parametrize("absolute", [True, False])
def test_every_folder_has_a_store_of_its_own(monkeypatch, tmp_path, absolute):
    ids = {}
    for name in NAMES:
        monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path / name) if absolute else name)
        assert is_missing(), name
        with Store.open() as store:
            ids[name] = store.store_id
        assert not is_missing(), name
        with Store.open(create=False) as store:
            assert store.store_id == ids[name]
    assert len(set(ids.values())) == len(NAMES)
    assert sorted(os.listdir()) == sorted(NAMES)
    assert all(os.path.exists(os.path.join(name, "store.db")) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_variable_for_the_store_names_a_file_literally(monkeypatch, name):
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{Path.cwd()}/{name}/{name}.db")
    with Store.open() as store:
        again = store.address
    with Store.open(again, create=False, read_only=True) as store:  # as a worker opens it
        assert store.url == shown(parse_url(again))
    assert os.listdir(name)[0].startswith(f"{name}.db")


@pytest.mark.parametrize("name", NAMES)
def test_a_store_that_cannot_be_written_is_read_from_where_it_is(monkeypatch, name):
    file = Path(name, "store.db")
    with Store.open(sqlite_url(file)) as made:
        identity = made.store_id
    with Store.open(sqlite_url("ours.db")) as ours:
        assert merge(ours, str(file)).store_id == identity


def test_urls_and_paths_are_inverse():
    for name in [*NAMES, "/absolute/what?", "relative/50%", "//two"]:
        path = sqlite_path(sqlite_url(name))
        assert path is not None
        assert Path(path) == Path(name)
        assert parse_url(sqlite_url(name)).database == path
    assert sqlite_path("sqlite:///:memory:") is None
    assert sqlite_path("postgresql://x/y") is None


def test_a_store_that_would_keep_nothing_is_refused():
    for url, meant in (
        ("sqlite://store.db", "sqlite:///store.db"),
        ("sqlite://results/store.db", "sqlite:///results/store.db"),
        ("sqlite://", "sqlite:///FILE"),
        ("sqlite:///", "sqlite:///FILE"),
        ("sqlite:///:memory:", "sqlite:///FILE"),
    ):
        with pytest.raises(StoreError, match=f"names no file, so nothing would be kept: write {meant}"):
            parse_url(url)


def test_other_programs_get_a_url_in_the_usual_grammar(tmp_path):
    import sqlalchemy as sa

    (tmp_path / "a?b %41").mkdir()
    file = tmp_path / "a?b %41" / "x.db"
    sa.create_engine(quoted_url(file)).connect().close()
    assert file.exists()


def test_a_file_in_the_place_of_the_folder(monkeypatch, tmp_path):
    (tmp_path / "what?").write_text("no folder")
    monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path / "what?"))
    with pytest.raises(StoreError, match=r"what\?' cannot be made"):
        Store.open()


@pytest.mark.parametrize(("names", "what"), [(["n" * 200] * 12, "bytes long"), (["n" * 300], "too long")])
def test_a_path_that_is_too_long(monkeypatch, tmp_path, names, what):
    monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path.joinpath(*names)))
    with pytest.raises(UserError, match=what):
        Store.open()


def test_a_link_leads_to_the_store_behind_it(monkeypatch, tmp_path):
    (tmp_path / "real?").mkdir()
    (tmp_path / "link").symlink_to("real?")
    ids = []
    for name in ("link", "real?"):
        monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path / name))
        with Store.open() as store:
            ids.append(store.store_id)
    assert ids[0] == ids[1]
    assert sqlite3.connect(tmp_path / "real?" / "store.db")
