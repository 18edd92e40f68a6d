"""Files and folders as users name them."""

import os
import pwd
from pathlib import Path

import pytest

from harness.data.cache import cache_dir
from harness.data.sources import FileSource, FolderSource
from harness.errors import ConfigError
from harness.places import home, user_path, variable_path
from harness.store.place import results_folder, sqlite_path, store_url


@pytest.fixture
def nobody(monkeypatch):
    """A user without HOME and without an entry in the system's list."""

    def unknown(number):
        raise KeyError(number)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.parametrize(
    "name",
    [".", "what?", "a?mode=memory", "%41", "50%", "no#1", " two words ", "a\nb", "~x", "file:x", ":memory:", "\udcff"],
)
def test_names_are_taken_literally(name):
    assert str(user_path(name, "x")) == name


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert [str(user_path(name, "x")) for name in ("~", "~/a b", "a/~", "./~")] == [
        "/somewhere", "/somewhere/a b", "a/~", "~",
    ]  # fmt: skip


@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_an_empty_path_is_no_path(empty):
    with pytest.raises(ConfigError, match=r"^task\.root is empty.*'\.' is the working folder"):
        user_path(empty, "task.root")


def test_an_empty_variable_is_not_set(monkeypatch):
    for value in ("", "  "):
        for name in ("HARNESS_RESULTS", "HARNESS_STORE"):
            monkeypatch.setenv(name, value)
        assert variable_path("HARNESS_RESULTS") is None
        assert results_folder() == Path("results")
        assert store_url() == "sqlite:///results/store.db"


@pytest.mark.parametrize("variable", ["HARNESS_RESULTS", "HARNESS_DATA", "HARNESS_STORE"])
def test_one_rule_for_all_variables(monkeypatch, variable):
    monkeypatch.setenv("HOME", "/somewhere")
    found = {
        "HARNESS_RESULTS": results_folder,
        "HARNESS_DATA": cache_dir,
        "HARNESS_STORE": lambda: Path(sqlite_path(store_url())),
    }[variable]
    start = "sqlite:///" if variable == "HARNESS_STORE" else ""
    for written, meant in (("~/a?b ", "/somewhere/a?b "), ("/x/%41#1", "/x/%41#1"), ("/x/\udce9", "/x/\udce9")):
        monkeypatch.setenv(variable, start + written)
        assert found() == Path(meant)


def test_without_a_home_folder_one_sentence_says_so(nobody, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r"~/data: there is no home folder, as HOME is not set"):
        user_path("~/data", "task.root")
    with pytest.raises(ConfigError, match="HARNESS_DATA names another one: there is no home folder"):
        cache_dir()
    (tmp_path / "a").write_text("x")
    assert FolderSource("mine", tmp_path, "own").fingerprint()  # needs no cache
    monkeypatch.setenv("HOME", "/somewhere")
    assert home("x") == Path("/somewhere")


def test_sources_follow_the_rule(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a?b").write_text("x")
    assert FileSource("x", "~/a?b", "model.weights").fetch() == tmp_path / "a?b"
    with pytest.raises(ConfigError, match=r"model\.weights is empty"):
        FileSource("x", "", "model.weights").fetch()
    assert FolderSource("x", Path("~"), "own").fetch() == tmp_path
    assert os.path.samefile(FolderSource("x", Path(), "own", patterns=("pyproject.toml",)).fetch(), ".")
