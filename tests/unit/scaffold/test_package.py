"""The package as a whole: what is in it, that its plug-in is sound, and that nothing is ever half written."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.config import compose
from harness.config.cells import split
from harness.errors import ConfigError, UnknownNameError
from harness.registry.discovery import load_dataset, load_model, load_target, load_task, registry
from harness.scaffold import Package, create
from harness.scaffold import package as writing
from harness.testing import cases

ROOT = Path(__file__).resolve().parent.parent.parent.parent
KINDS = ("model", "task", "target")


@pytest.mark.parametrize("kind", KINDS)
def test_the_package_is_complete(kind: str, made: Callable[..., Package]) -> None:
    package = made(kind, "mine")
    beside = ("harness_mine/mine_task.py",) if kind == "target" else ()
    assert package.files == (
        ".github/workflows/ci.yml",
        ".gitignore",
        "README.md",
        "harness_mine/__init__.py",
        "harness_mine/conf/__init__.py",
        "harness_mine/conf/experiment/mine.yaml",
        "harness_mine/mine.py",
        *beside,
        "pyproject.toml",
        "tests/test_mine.py",
    )
    found = sorted(p.relative_to(package.folder).as_posix() for p in package.folder.rglob("*") if p.is_file())
    assert found == sorted(package.files)
    project = tomllib.loads((package.folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["harness"] == {
        f"{kind}.mine": "harness_mine.mine",
        **({"task.mine_task": "harness_mine.mine_task"} if beside else {}),
        "config.mine": "harness_mine.conf",
    }
    assert project["dependencies"] == ["sequence-harness"]
    workflow = yaml.safe_load((package.folder / ".github/workflows/ci.yml").read_text())
    assert {"run": "harness check mine"} in workflow["jobs"]["test"]["steps"]
    for path in package.files:
        text = (package.folder / path).read_text()
        assert text.endswith("\n"), path
        assert "{{" not in text.replace("${{", ""), path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mine", "a", "encoder", "example", "a_name_as_long_as_anyone_would_care_to_type"])
def test_the_package_is_clean_by_our_own_settings(kind: str, name: str, made: Callable[..., Package]) -> None:
    folder = made(kind, name).folder
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_the_templates_are_clean_without_ruffs_help(
    kind: str, made: Callable[..., Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "tidy", lambda folder: None)
    test_the_package_is_clean_by_our_own_settings(kind, "majority", made)


@pytest.mark.exhaustive
def test_the_example_model_keeps_the_contract(made: Callable[..., Package], broken: Callable[..., list[str]]) -> None:
    made("model", "mine")
    model = load_model("mine")()
    assert len(cases.fitting(model)) == len(cases.CASES)  # causal, reads everything: it meets every kind of task
    assert broken(model) == []


def test_the_example_task_keeps_the_contract(made: Callable[..., Package], broken: Callable[..., list[str]]) -> None:
    made("task", "mine")
    assert broken(load_task("mine")()) == []


TASKS = ("translation", "text_generation", "speech_recognition", "action_recognition")


@pytest.mark.parametrize("task", TASKS)
def test_the_example_data_set_is_complete_clean_and_keeps_the_contract(
    task: str, made: Callable[..., Package], broken: Callable[..., list[str]]
) -> None:
    package = made("dataset", "mine", of=task)
    project = tomllib.loads((package.folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["harness"] == {
        f"dataset.{task}.mine": "harness_mine.mine",
        "config.mine": "harness_mine.conf",
    }
    assert "The data set mine for" in project["description"]
    assert f"harness check dataset.{task}.mine" in (package.folder / ".github/workflows/ci.yml").read_text()
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
        done = subprocess.run(command, cwd=package.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert {compose(words).task.dataset for words in split(["experiment=mine"])} == {"mine"}
    assert broken(load_dataset(task, "mine")(), quick=task != "translation") == []


def test_a_data_set_needs_a_task_that_is_open_to_data_sets(site: Any, tmp_path: Path) -> None:
    site.task("closed")
    with pytest.raises(ConfigError, match=r"Task 'closed' brings its data itself.*Tasks that have data sets: action"):
        create("dataset", "mine", of="closed", into=tmp_path / "mine")
    with pytest.raises(UnknownNameError, match=r"There is no task named 'translatin'. Did you mean 'translation'"):
        create("dataset", "mine", of="translatin", into=tmp_path / "mine")
    with pytest.raises(ConfigError, match=r"taken by the plug-in 'dataset.translation.multi30k'"):
        create("dataset", "multi30k", of="translation", into=tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_example_target_and_its_task_keep_their_contracts(
    made: Callable[..., Package], broken: Callable[..., list[str]]
) -> None:
    made("target", "mine")
    assert broken(load_target("mine")) == []
    assert broken(load_task("mine_task")()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_experiment_opens_with_its_command_and_composes(kind: str, made: Callable[..., Package]) -> None:
    package = made(kind, "mine")
    text = (package.folder / "harness_mine/conf/experiment/mine.yaml").read_text()
    assert "#   harness sweep experiment=mine\n" in text
    configs = [compose(words) for words in split(["experiment=mine"])]
    assert [config.sweep for config in configs] == ["mine", "mine"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_listing_shows_the_first_paragraph(kind: str, made: Callable[..., Package]) -> None:
    made(kind, "mine")
    (info,) = [info for info in registry().list_plugins(kind) if info.name == "mine"]
    assert "to start from" in info.description.lower()
    assert info.problem is None


def test_the_working_folder_is_the_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    package = create("model", "my_net")
    assert package.folder == Path("harness-my_net")
    assert (tmp_path / "harness-my_net" / "harness_my_net" / "my_net.py").is_file()


def test_an_empty_folder_is_filled_and_parents_are_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert create("model", "mine", into=tmp_path / "empty").module.is_file()
    assert create("task", "mine", into=tmp_path / "a" / "b" / "c").module.is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "empty"]


def test_permissions_are_those_of_any_new_folder(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    folder = create("model", "mine", into=tmp_path / "mine").folder
    assert folder.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("what", ["a folder with a file", "a file", "a link to nowhere", "the working folder"])
def test_nothing_is_overwritten(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "place"
    match what:
        case "a folder with a file":
            place.mkdir()
            (place / "kept").write_text("kept")
        case "a file":
            place.write_text("kept")
        case "a link to nowhere":
            place.symlink_to(tmp_path / "nowhere")
        case "the working folder":
            place.mkdir()
            monkeypatch.chdir(place)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError, match=r"nothing was written\. Give a new folder: --into FOLDER"):
        create("model", "mine", into=place)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "tidy", full)
    with pytest.raises(ConfigError, match=r"cannot be written \(No space left on device\)"):
        create("model", "mine", into=tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_a_folder_filled_in_the_meantime_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(folder: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "kept").write_text("kept")

    monkeypatch.setattr(writing, "tidy", meanwhile)
    with pytest.raises(ConfigError, match="cannot be written"):
        create("model", "mine", into=tmp_path / "mine")
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["mine", "mine/kept"]


def test_a_folder_that_no_file_system_takes_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / ("x" * 300), tmp_path / "file" / "inside"):
        with pytest.raises(ConfigError, match="cannot be written"):
            create("model", "mine", into=folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.unprivileged
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(ConfigError, match="Permission denied"):
            create("model", "mine", into=tmp_path / "mine")
    finally:
        tmp_path.chmod(0o755)
    assert not os.listdir(tmp_path)
