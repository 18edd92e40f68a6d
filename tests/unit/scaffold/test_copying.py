"""Starting from an installed model, built-in or not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.config import compose
from harness.config.cells import split
from harness.errors import PluginError, UnknownNameError, UserError
from harness.registry.discovery import load_model, registry
from harness.scaffold import Package, create
from harness.testing import cases

ROOT = Path(__file__).resolve().parent.parent.parent.parent
MODELS = [info.name for info in registry().infos() if (info.kind, info.distribution) == ("model", "sequence-harness")]


@pytest.mark.parametrize("start", MODELS)
def test_a_copied_model_is_the_model_under_another_name(start: str, made: Callable[..., Package]) -> None:
    package = made("model", "a_new_one", start=start)
    original, copy = load_model(start), load_model("a_new_one")
    assert (copy.name, copy.__name__, copy.__module__) == (
        "a_new_one",
        original.__name__,
        "harness_a_new_one.a_new_one",
    )
    case = cases.fitting(copy().tiny())[0]
    counts = [cases.network(cls().tiny(), case).weight_counts() for cls in (original, copy)]
    assert counts[0] == counts[1]
    assert f"a copy of `{start}` of sequence-harness" in (package.folder / "README.md").read_text()


def test_a_copy_is_a_clean_package(made: Callable[..., Package], broken: Callable[..., list[str]]) -> None:
    package = made("model", "a_new_one", start="lstm")
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
        done = subprocess.run(command, cwd=package.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [compose(words).sweep for words in split(["experiment=a_new_one"])] == ["a_new_one", "a_new_one"]
    assert broken(load_model("a_new_one")(), quick=True) == []


MODEL = """
    from dataclasses import dataclass
    from harness import Capabilities, Model, hookimpl
    from ..shared.sizes import WIDTH
    from .other import *

    @dataclass
    class Net(Model):
        name = "net"
        hidden_size: int = WIDTH
        def capabilities(self, signature): return Capabilities()
        def build(self, input_spec, target_spec): raise NotImplementedError
        def tiny(self): return Net()

    @hookimpl
    def harness_models(): return [Net]
"""


def _nested(site: Any, source: str) -> None:
    files = {
        "theirs/__init__.py": '"""Theirs."""\n',
        "theirs/nets/__init__.py": "",
        "theirs/nets/net.py": source,
        "theirs/nets/other.py": "",
        "theirs/shared/sizes.py": "WIDTH = 4\n",
    }
    site.install("dist-theirs", {"model.net": "theirs.nets.net"}, files)


def test_what_a_copy_imports_relatively_comes_from_the_package_that_it_left(
    site: Any, made: Callable[..., Package]
) -> None:
    _nested(site, MODEL)
    package = made("model", "mine", start="net")
    text = package.module.read_text()
    assert "from theirs.shared.sizes import WIDTH\n" in text
    assert "from theirs.nets.other import *\n" in text
    assert text.endswith("\n\n\nHARNESS_CONTRACT = 2\n")
    assert load_model("mine")().tiny().hidden_size == 4  # type: ignore[attr-defined]
    project = (package.folder / "pyproject.toml").read_text()
    assert 'dependencies = [\n  "sequence-harness",\n  "dist-theirs",\n]' in project


def test_a_model_that_is_a_single_file_is_copied(site: Any, made: Callable[..., Package]) -> None:
    site.model("small")
    made("model", "mine", start="small")
    assert load_model("mine").name == "mine"


def test_an_unknown_start_lists_what_exists(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"There is no model named 'lstn'\. Did you mean 'lstm'\?"):
        create("model", "mine", start="lstn", into=tmp_path / "mine")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (("return [Net]", "return [Net, type('B', (Net,), {})]"), UserError, "must define one model"),
        (('name = "net"', 'name = "n" + "et"'), UserError, 'must say name = "net"'),
        (("raise NotImplementedError", "("), PluginError, "cannot be imported"),
    ],
    ids=["several plug-ins", "computed name", "broken"],
)
def test_what_cannot_be_copied_is_named(
    change: tuple[str, str], error: type[Exception], message: str, site: Any, tmp_path: Path
) -> None:
    _nested(site, MODEL.replace(*change))
    with pytest.raises(error, match=message):
        create("model", "mine", start="net", into=tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
