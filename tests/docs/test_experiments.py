"""Each experiment opens with its command, composes, and is a grid of known tasks and models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from covering import built_in

from harness.config import compose
from harness.config.cells import split

CONF = Path(__file__).resolve().parent.parent.parent / "conf"
FOLDER = CONF / "experiment"
EXPERIMENTS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_opens_with_its_command(name: str) -> None:
    lines = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    opening = " ".join(line for line in lines[:10] if line.startswith("#"))
    assert re.search(rf"harness (run|sweep) .*experiment={name}\b", opening), opening


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_cells_of_an_experiment_compose(name: str, pytestconfig: pytest.Config) -> None:
    """All of them with `--all`, else one in every seven, which meets every task and every model."""
    cells = split([f"experiment={name}"])
    assert cells
    for cell in cells if pytestconfig.getoption("--all") else cells[::7]:
        config = compose(cell)
        assert config.task is not None
        assert config.model is not None


def test_the_readme_lists_every_experiment() -> None:
    readme = (CONF.parent / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| experiment | what it runs |")[2].partition("\n\n")[0]
    assert {n for row in table.splitlines()[2:] for n in re.findall(r"`(\w+)`", row.split("|")[1])} == {
        name for name in EXPERIMENTS if "/" not in name
    }


def test_the_full_quickstart_is_every_built_in_task_and_model_and_the_quickstart_a_part_of_it() -> None:
    grids = {
        name: yaml.safe_load((CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")).get("grid", {})
        for name in ("quickstart", "quickstart_full", "matrix")
    }
    for kind in ("task", "model"):
        assert set(grids["quickstart_full"][kind]) == built_in(kind)
    full = {cell[1:] for cell in split(["experiment=quickstart_full"])}
    assert {cell[1:] for cell in split(["experiment=quickstart"])} < full
    assert grids["matrix"] == {}  # those of the full one
    part = split(["experiment=quickstart_ci"])
    words = [word for cell in part for word in cell]
    assert all(words.count(f"{kind}={name}") >= 2 for kind in ("task", "model") for name in built_in(kind))
