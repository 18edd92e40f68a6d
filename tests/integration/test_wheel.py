"""The wheel, built with pip, in an empty environment away from the checkout, with a third-party package beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PLUGIN = ROOT / "tests" / "third_party_plugin"
# Building asks pip for hatchling, over the network.
pytestmark = pytest.mark.service


def _do(*command: str | Path, folder: Path, **environment: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=kept | {"HARNESS_DATA": str(folder / "data"), "HARNESS_OFFLINE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The harness's wheel and the plug-in's."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, PLUGIN):
        _do(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, source, folder=folder)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """An environment with both wheels; torch and the other dependencies are borrowed, the checkout is not."""
    folder = tmp_path_factory.mktemp("environment")
    _do(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    packages = _do(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    # A line of a .pth file joins sys.path, but .pth files found there (the editable install's) are not read.
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    found = sorted(wheels.glob("*.whl"))
    _do(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", *found, folder=folder)
    return folder / "venv" / "bin"


def test_the_wheel_holds_the_configuration_and_the_plug_ins_and_nothing_else(wheels: Path) -> None:
    (wheel,) = wheels.glob("sequence_harness-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "harness/conf/config.yaml" in names
    assert "harness/conf/experiment/quickstart.yaml" in names
    assert "harness_tasks/translation.py" in names
    assert "harness_models/lstm.py" in names
    assert any(name.startswith("harness/report/templates/") for name in names)
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops <= {"harness", "harness_tasks", "harness_models", "hydra_plugins"}


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
    tests = PLUGIN / "tests"
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", tmp_path)
    printed = _do(environment / "python", "-m", "pytest", *options, tests, folder=tmp_path)
    assert " passed" in printed
