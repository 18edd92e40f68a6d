"""Starting from every built-in plug-in, and from packages that are laid out otherwise."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.config import compose
from harness.config.cells import split
from harness.errors import PluginError, UnknownNameError, UserError
from harness.registry.discovery import load_model, load_task, registry
from harness.scaffold import Package, create
from harness.testing import cases

ROOT = Path(__file__).resolve().parent.parent.parent.parent
MODELS = [info.name for info in registry().infos() if (info.kind, info.distribution) == ("model", "sequence-harness")]
TASKS = [info.name for info in registry().infos() if (info.kind, info.distribution) == ("task", "sequence-harness")]


def _check_style(package: Package) -> None:
    """By our own settings, as a project of its own."""
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
        done = subprocess.run(command, cwd=package.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _sweep_of(name: str) -> list[str]:
    """The sweep that each cell of an experiment belongs to, once it is composed."""
    return [compose(words).sweep for words in split([f"experiment={name}"])]


@pytest.mark.parametrize("start", MODELS)
def test_a_copied_model_is_the_model_under_another_name(
    start: str, made: Callable[..., Package], broken: Callable[..., list[str]]
) -> None:
    package = made("model", "a_new_one", start=start)
    _check_style(package)
    copy = load_model("a_new_one")
    assert (copy.name, copy.__name__, copy.__module__) == ("a_new_one", "ANewOne", "harness_a_new_one.a_new_one")
    original, new = load_model(start)().tiny(), copy().tiny()
    case = cases.fitting(new)[0]
    assert [c.name for c in cases.fitting(new)] == [c.name for c in cases.fitting(original)]
    counts = [cases.network(model, case).parameter_counts() for model in (original, new)]
    assert counts[0] == counts[1]
    assert _sweep_of("a_new_one") == ["a_new_one", "a_new_one"]
    assert broken(copy(), quick=True) == []


@pytest.mark.parametrize("start", TASKS)
def test_a_copied_task_is_the_task_under_another_name(
    start: str, made: Callable[..., Package], broken: Callable[..., list[str]]
) -> None:
    package = made("task", "a_new_one", start=start)
    _check_style(package)
    copy = load_task("a_new_one")
    assert (copy.name, copy.__name__, copy.__module__) == ("a_new_one", "ANewOne", "harness_a_new_one.a_new_one")
    for path in package.files:
        text = (package.folder / path).read_text()
        assert "harness_tasks." not in text, path
    data, original = copy().tiny().setup(), load_task(start)().tiny().setup()
    for part in ("train", "val", "test"):
        one, other = getattr(data, part), getattr(original, part)
        assert [e.id for e in map(one.__getitem__, range(len(one)))] == [other[i].id for i in range(len(other))]
        np.testing.assert_array_equal(one[0].target, other[0].target)
    assert copy().data_fingerprint() != load_task(start)().data_fingerprint()
    assert _sweep_of("a_new_one") == ["a_new_one", "a_new_one"]
    assert broken(copy(), quick=True) == []


@pytest.mark.parametrize(("kind", "start"), [("task", "translation"), ("model", "lstm")])
def test_what_a_copy_began_as_is_written_down(kind: str, start: str, made: Callable[..., Package]) -> None:
    package = made(kind, "mine", start=start)
    assert f"a copy of `{start}` of sequence-harness" in (package.folder / "README.md").read_text()
    assert "HARNESS_CONTRACT = 2" in package.module.read_text()


def test_only_what_the_plug_in_imports_is_copied(made: Callable[..., Package]) -> None:
    package = made("task", "mine", start="text_generation")
    inside = {Path(path).name for path in package.files if path.startswith("harness_mine/")}
    assert inside == {
        "__init__.py",
        "_king_james.py",
        "_text_corpora.py",
        "_text_symbols.py",
        "mine.py",
        "mine.yaml",
    }
    assert "Built-in" not in (package.folder / "harness_mine" / "__init__.py").read_text()


def _nested(site: Any, source: str, entry: str = "theirs.nets.net") -> None:
    files = {
        "theirs/__init__.py": '"""Theirs."""\nWIDTH = 4\n',
        "theirs/nets/__init__.py": "",
        "theirs/nets/net.py": source,
        "theirs/shared/sizes.py": "from theirs import WIDTH\n",
        "theirs/unused.py": "",
    }
    site.install("dist-theirs", {"model.net": entry}, files)


MODEL = """
    from dataclasses import dataclass
    from harness import Capabilities, Model, hookimpl
    from ..shared.sizes import WIDTH

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


def test_a_package_of_packages_keeps_its_inner_layout(site: Any, made: Callable[..., Package]) -> None:
    _nested(site, MODEL)
    package = made("model", "mine", start="net")
    assert "harness_mine/shared/sizes.py" in package.files
    assert "harness_mine/shared/__init__.py" in package.files
    assert not [path for path in package.files if "unused" in path]
    assert load_model("mine")().tiny().hidden_size == 4  # type: ignore[attr-defined]


def test_a_plug_in_that_is_a_single_file_is_copied(site: Any, made: Callable[..., Package]) -> None:
    site.model("small")
    made("model", "mine", start="small")
    assert load_model("mine").__name__ == "Mine"


def test_what_the_other_distribution_requires_is_required(site: Any, made: Callable[..., Package]) -> None:
    site.model("small")
    metadata = site.folder / "dist_small-1.0.dist-info" / "METADATA"
    required = ("sequence-harness", "einops>=0.8", 'pytest; extra == "test"')
    metadata.write_text(metadata.read_text() + "".join(f"Requires-Dist: {line}\n" for line in required))
    package = made("model", "mine", start="small")
    text = (package.folder / "pyproject.toml").read_text()
    assert 'dependencies = [\n  "sequence-harness",\n  "einops>=0.8",\n]' in text


def test_an_unknown_start_lists_what_exists(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"There is no model named 'lstn'\. Did you mean 'lstm'\?"):
        create("model", "mine", start="lstn", into=tmp_path / "mine")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (("return [Net]", "return [Net, type('B', (Net,), {})]"), UserError, "brings 2 models in one module"),
        (('name = "net"', 'name = "n" + "et"'), UserError, "sets its class variable 'name' otherwise than by a text"),
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


def test_a_module_beside_the_plug_in_may_hold_the_name(site: Any, tmp_path: Path) -> None:
    _nested(site, "from theirs import mine\n" + textwrap.dedent(MODEL))
    (site.folder / "theirs" / "mine.py").write_text("")
    with pytest.raises(UserError, match="has a module 'mine' beside its own"):
        create("model", "mine", start="net", into=tmp_path / "mine")
