"""Options that are paths: what arrives is what was typed, in a run as in a sweep."""

from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, expand, settings_from_plain, to_settings
from harness.errors import ConfigError

BASE = ["task=text_generation", "task.dataset=text", "model=lstm"]


def root(word: str) -> Path:
    return to_settings(compose([*BASE, word]), threads=1).task.dataset.root  # type: ignore[attr-defined,no-any-return]


def roots(word: str) -> list[Any]:
    return [cell.settings.task.dataset.root for cell in expand([*BASE, word, "seed=0,1"])]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    [
        "1e5", "07", "???", "true", "on", "None", "inf", "nan", "1_000", "0x10", "2026-01-01", "-dash", "50%", "a:b",
        "[1]", "{a:1}", "[a,b]", " a ", "a b", "$HOME", "a\\b", "b\\", ".", "-1", "1.50",
    ],
)  # fmt: skip
def test_a_path_is_what_was_typed(name: str) -> None:
    assert root(f"task.root={name}") == Path(name)
    assert roots(f"task.root={name}") == [Path(name)] * 2


def test_lists_of_paths_are_sweeps() -> None:
    assert roots("task.root=07,1e5") == [Path("07"), Path("07"), Path("1e5"), Path("1e5")]
    with pytest.raises(ConfigError, match="gives several values"):
        root("task.root=a,b")


def test_null_is_no_path() -> None:
    assert root("task.root=null") is None
    assert root("task.root=./null") == Path("null")


@pytest.mark.parametrize("empty", ["", " ", "''", "'  '", '""'])
def test_an_empty_path_is_refused_everywhere(empty: str) -> None:
    for read in (root, roots):
        with pytest.raises(ConfigError, match=r"task\.root=.*is empty.*'\.' is the working folder"):
            read(f"task.root={empty}")


def test_an_empty_path_in_a_file_is_refused(site: Any) -> None:
    text = "# @package _global_\ntask: {dataset: text, root: ''}\n"
    site.install("e", {"config.e": "e"}, {"e/__init__.py": "", "e/experiment/empty.yaml": text})
    with pytest.raises(ConfigError, match=r"task\.root= is empty \(in conf/experiment/empty\.yaml\)"):
        compose([*BASE, "experiment=empty"])


@pytest.mark.parametrize("written", ["1e5", "???", r'"\${x}"', r'"a\\\${x}"', r'"\\"', r"'it\'s'"])
def test_a_stored_path_is_read_again(written: str) -> None:
    settings = to_settings(compose([*BASE, f"task.root={written}"]), threads=1)
    assert settings_from_plain(settings.plain) == settings
