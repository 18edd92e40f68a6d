"""Each experiment opens with its command, composes, and is a grid of known tasks and models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.config import compose
from harness.config.cells import split
from harness.registry.discovery import registry

CONF = Path(__file__).resolve().parent.parent.parent / "conf"
FOLDER = CONF / "experiment"
EXPERIMENTS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_opens_with_its_command(name: str) -> None:
    lines = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    opening = " ".join(line for line in lines[:10] if line.startswith("#"))
    assert re.search(rf"harness (run|sweep) .*experiment={name}\b", opening), opening


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_cell_of_an_experiment_composes(name: str) -> None:
    cells = split([f"experiment={name}"])
    assert cells
    for cell in cells:
        config = compose(cell)
        assert config.task is not None
        assert config.model is not None


def test_the_readme_lists_every_experiment() -> None:
    readme = (CONF.parent / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| experiment | what it runs |")[2].partition("\n\n")[0]
    assert {n for row in table.splitlines()[2:] for n in re.findall(r"`(\w+)`", row.split("|")[1])} == {
        name for name in EXPERIMENTS if "/" not in name
    }


def test_the_quickstart_is_every_built_in_task_and_model() -> None:
    for name in ("quickstart", "quickstart_ci"):
        text = (CONF / "experiment" / "quickstart.yaml").read_text(encoding="utf-8")
        for kind in ("task", "model"):
            for info in registry().infos():
                if info.kind == kind and info.distribution == "sequence-harness":
                    assert re.search(rf"\b{info.name}\b", text), f"{name} leaves {info.name} out"
