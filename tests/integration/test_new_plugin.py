"""From `harness new` to a row in the report: with pip as an author would, and without it wherever tests run."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FEW_STEPS = ("budget=steps:4", "trainer.validations=1", "baselines=false")
STARTS = [
    pytest.param("model", "gated", (), id="model"),
    pytest.param("task", "majority", (), id="task"),
    pytest.param("model", "my_lstm", ("--from", "lstm"), id="model-from-lstm", marks=pytest.mark.exhaustive),
]


@pytest.mark.parametrize(("kind", "name", "start"), STARTS)
def test_a_new_plug_in_gets_a_row_in_the_report(kind: str, name: str, start: tuple[str, ...], cli: Any) -> None:
    cli("new", kind, name, *start)
    _install(cli, cli.folder / f"harness-{name}")
    (listed,) = [entry for entry in cli.json("list", f"{kind}s") if entry["name"] == name]
    assert (listed["distribution"], listed["version"]) == (f"harness-{name}", "0.1.0")
    assert f"{kind}.{name}: " in cli("check", name).stdout
    cli("sweep", f"experiment={name}", *FEW_STEPS)
    assert {run["status"] for run in cli.runs(sweep=name)} == {"finished"}
    cli("report", "--sweep", name)
    report = (cli.folder / "results" / "report" / "report.md").read_text()
    row = name.replace("_", r"\_") if kind == "model" else "lstm"
    assert [line for line in report.splitlines() if line.startswith("|") and row in line]


def _install(cli: Any, folder: Path) -> None:
    """What `pip install -e` comes to: the folder on the path, and metadata beside it."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    lines = [f"{entry} = {module}" for entry, module in project["entry-points"]["harness"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[harness]", *lines, ""]))
    header = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(header)
    cli.environment["PYTHONPATH"] = os.pathsep.join([str(folder), cli.environment["PYTHONPATH"]])


# -- with pip: building asks for hatchling, over the network ----------------------------------------------


def _do(*command: str | Path, folder: Path) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=kept | {"HARNESS_DATA": str(folder / "data"), "HARNESS_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that borrows everything installed here, this checkout included."""
    folder = tmp_path_factory.mktemp("author")
    _do(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    program = folder / "venv" / "bin" / "python"
    packages = _do(program, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    borrowed = [sysconfig.get_path("purelib"), str(ROOT), str(ROOT / "plugins")]
    (Path(packages) / "borrowed.pth").write_text("\n".join([*borrowed, ""]))
    return program


@pytest.mark.service
@pytest.mark.parametrize(("kind", "name", "start"), STARTS)
def test_the_commands_of_a_new_author(
    kind: str, name: str, start: tuple[str, ...], python: Path, tmp_path: Path
) -> None:
    harness = (python, "-m", "harness")
    _do(*harness, "new", kind, name, *start, folder=tmp_path)
    package = tmp_path / f"harness-{name}"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps")
    _do(*pip, "-e", package, folder=tmp_path)
    _do(*harness, "check", name, folder=tmp_path)
    assert " passed" in _do(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=package)
    _do(*harness, "sweep", f"experiment={name}", *FEW_STEPS, folder=tmp_path)
    _do(*harness, "report", "--sweep", name, folder=tmp_path)
    assert (tmp_path / "results" / "report" / "index.html").stat().st_size > 10_000
    _do(sys.executable, "-m", "pip", "--python", python, "uninstall", "-q", "-y", f"harness-{name}", folder=tmp_path)
