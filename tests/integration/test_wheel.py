"""The wheel, built with pip, in an empty environment away from the checkout, with a third-party package beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PLUGIN = ROOT / "tests" / "third_party_plugin"
TARGETS = ROOT / "tests" / "third_party_targets"
# Building asks pip for hatchling, over the network.
pytestmark = pytest.mark.service


def _run(*command: str | Path, folder: Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=kept | {"HARNESS_DATA": str(folder / "data"), "HARNESS_OFFLINE": "1", "OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == code, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done


def _do(*command: str | Path, folder: Path, **environment: str) -> str:
    return _run(*command, folder=folder, **environment).stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The harness's wheel and those of the plug-ins."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, PLUGIN, TARGETS):
        _do(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, source, folder=folder)
    return folder


def _make_environment(folder: Path, wheels: Path) -> Path:
    """The `bin` of an environment with both wheels; torch and the like are borrowed, the checkout is not."""
    _do(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    packages = _do(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    # A line of a .pth file joins sys.path, but .pth files found there (the editable install's) are not read.
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    found = sorted(wheels.glob("*.whl"))
    _do(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", *found, folder=folder)
    return folder / "venv" / "bin"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """An environment with both wheels, which tests leave as it is."""
    return _make_environment(tmp_path_factory.mktemp("environment"), wheels)


def test_the_wheel_holds_the_configuration_and_the_plug_ins_and_nothing_else(wheels: Path) -> None:
    (wheel,) = wheels.glob("sequence_harness-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "harness/conf/config.yaml" in names
    assert "harness/conf/experiment/quickstart.yaml" in names
    assert "harness_tasks/translation.py" in names
    assert "harness_models/lstm.py" in names
    for package in ("report", "scaffold"):
        templates = ROOT / "harness" / package / "templates"
        wanted = {f"harness/{p.relative_to(ROOT / 'harness')}" for p in templates.rglob("*") if p.is_file()}
        assert wanted
        assert wanted <= set(names)
    assert not [name for name in names if name.startswith("harness/bench/")]
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops <= {"harness", "harness_tasks", "harness_datasets", "harness_models", "hydra_plugins"}


def test_a_sweep_runs_from_any_folder(environment: Path, tmp_path: Path) -> None:
    where = _do(environment / "python", "-c", "import harness; print(harness.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(environment.parent)
    words = ("experiment=generated", "task=first_symbol,speech_recognition", "model=lstm,mean", "budget=steps:2")
    _do(environment / "harness", "sweep", *words, folder=tmp_path)
    runs = json.loads(_do(environment / "harness", "list", "runs", "--json", folder=tmp_path))
    assert {(r["task"], r["model"], r["status"]) for r in runs} == {
        (task, model, "finished") for task in ("first_symbol", "speech_recognition") for model in ("lstm", "mean")
    }
    _do(environment / "harness", "report", folder=tmp_path)
    assert (tmp_path / "results" / "report" / "index.html").stat().st_size > 10_000
    assert not (ROOT / "harness" / "conf").exists()


def test_the_plug_ins_own_tests_pass_with_the_wheel(environment: Path, tmp_path: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", tmp_path)
    for tests in (PLUGIN / "tests", TARGETS / "tests"):
        printed = _do(environment / "python", "-m", "pytest", *options, tests, folder=tmp_path)
        assert " passed" in printed


def test_targets_from_outside_go_through_check_sweep_and_report(environment: Path, tmp_path: Path) -> None:
    for name in ("target.crf", "target.ordinal"):
        assert " 0 failed" in _do(environment / "harness", "check", name, folder=tmp_path)
    words = ("experiment=kinds", "model=rnn", "budget=steps:20")
    _do(environment / "harness", "sweep", *words, folder=tmp_path)
    _do(environment / "harness", "report", "--sweep", "kinds", folder=tmp_path)
    tables = tmp_path / "results" / "report" / "tables"
    by_tag, by_grade = (tables / f"{n}.csv" for n in ("name-tagging-tags-table", "star-rating-confusion-1"))
    assert by_tag.read_text().splitlines()[1].startswith("O,")
    assert len(by_grade.read_text().splitlines()) == 6


def test_a_plug_in_is_started_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    _do(environment / "harness", "new", "model", "mine", "--from", "lstm", folder=tmp_path)
    assert 'name: ClassVar[str] = "mine"' in (tmp_path / "harness-mine" / "harness_mine" / "mine.py").read_text()


def test_an_outside_package_comes_works_and_goes(wheels: Path, tmp_path: Path) -> None:
    programs = _make_environment(tmp_path, wheels)
    work = tmp_path / "work"
    work.mkdir()

    def harness(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return _run(programs / "harness", *words, folder=work, code=code)

    def completed(line: str) -> list[str]:
        asked = {"_TYPER_COMPLETE_ARGS": f"harness {line}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        return _do(programs / "harness", folder=work, _HARNESS_COMPLETE="complete_fish", **asked).split()

    def names(kind: str) -> set[str]:
        return {entry["name"] for entry in json.loads(harness("list", kind, "--json").stdout)}

    def fits() -> dict[tuple[str, str], bool]:
        return {(c["task"], c["model"]): c["compatible"] for c in json.loads(harness("matrix", "--json").stdout)}

    # installed
    assert {"bracket_depth", "lstm", "toy_transformer"} <= names("tasks") | names("models")
    assert "dyck-3-8" in names("datasets")
    cells = fits()
    assert all(cells[task, "toy_transformer"] for task in names("tasks"))
    assert all(cells["bracket_depth", model] for model in names("models"))
    assert completed("run model=toy") == ["model=toy_transformer"]
    assert completed("run task=bracket_depth task.ki") == ["task.kinds=", "task.kinds=..."]
    assert completed("sweep experiment=br") == ["experiment=brackets"]
    for name in ("toy_transformer", "bracket_depth"):
        harness("check", name)

    # used
    small = ("task.train_strings=40", "task.val_strings=10", "task.test_strings=10", "budget=steps:3")
    harness("run", "task=bracket_depth", "model=toy_transformer", "sweep=single", *small)
    harness("sweep", "experiment=brackets", "model=toy_transformer,lstm", *small)
    runs = json.loads(harness("list", "runs", "--json").stdout)
    found = {(run["sweep"], run["model"], run["status"]) for run in runs}
    assert {("single", "toy_transformer", "finished"), ("brackets", "toy_transformer", "finished")} <= found
    assert ("brackets", "lstm", "finished") in found
    harness("report", "--sweep", "brackets")
    before = (work / "results" / "report" / "report.md").read_text()

    # uninstalled: it is gone
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    _do(*pip, "uninstall", "-q", "-y", "harness-toy", folder=tmp_path)
    assert not {"bracket_depth", "toy_transformer"} & (names("tasks") | names("models"))
    assert not {name for cell in fits() for name in cell} & {"bracket_depth", "toy_transformer"}
    assert not completed("run model=toy")
    for words, message in (
        (
            ("run", "model=toy_transformer"),
            "There is no model named 'toy_transformer'.",
        ),
        (("sweep", "task=bracket_depth", "model=lstm"), "There is no task named 'bracket_depth'. Available: action_"),
        (("sweep", "experiment=brackets"), "There is no experiment named 'brackets'. Available: actions"),
        (("check", "toy_transformer"), "toy_transformer"),
    ):
        refused = harness(*words, code=2)
        assert message in refused.stderr
        assert "Traceback" not in refused.stderr

    # its results stay
    assert json.loads(harness("list", "runs", "--json").stdout) == runs
    (run,) = [run for run in runs if (run["sweep"], run["model"]) == ("brackets", "toy_transformer")]
    shown = harness("show", run["key"]).stdout
    assert "bracket_depth (dyck-3-8) × toy_transformer, seed 0: finished" in shown
    assert "Sample string-" in shown
    harness("report", "--sweep", "brackets")
    rows = _tables_of(before)
    chart = next(i for i, row in enumerate(rows) if row.startswith("| Off by |"))  # the chart that the package brought
    end = next(i for i in range(chart + 2, len(rows)) if not re.match(r"\| \d+ \|", rows[i]))
    assert _tables(work) == rows[:chart] + rows[end:]


def _tables(work: Path) -> list[str]:
    return _tables_of((work / "results" / "report" / "report.md").read_text())


def _tables_of(report: str) -> list[str]:
    """The rows of a report's tables, without the text around them (which says when it was written)."""
    return [line for line in report.splitlines() if line.startswith("|")]
