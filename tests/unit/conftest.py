"""Packages with plug-ins, made on the spot and visible to the registry as installed ones are."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.registry import discovery

TASK = '''
"""A task for tests, which counts to three."""
from dataclasses import dataclass
from typing import ClassVar

from harness import Metric, Task, TaskData, hookimpl
from harness.data.sources import GeneratedSource
from harness.contract.specs import TokenInput
from harness.targets import {target}


@dataclass
class {cls}(Task):
    name: ClassVar[str] = "{name}"
    input_type = TokenInput
    target_type = {target}
    metrics: ClassVar = (Metric("score", "points", True, lambda p, e: {{}}, lambda rows: 0.0),)

    size: int = 3
    ratio: float | None = None

    def __post_init__(self):
        if self.size < 1:
            raise ValueError(f"size={{self.size}} must be positive")

    @property
    def dataset_name(self):
        return "counting"

    def sources(self):
        return ()

    def setup(self):
        raise NotImplementedError

    def tiny(self):
        return self


@hookimpl
def harness_tasks():
    return [{cls}]
'''

MODEL = '''
"""A model for tests. It builds nothing.

More is said here.
"""
from dataclasses import dataclass
from typing import ClassVar

from harness import Capabilities, Model, hookimpl


@dataclass
class {cls}(Model):
    name: ClassVar[str] = "{name}"

    hidden_size: int = 4

    def capabilities(self, signature):
        return Capabilities(causal={causal})

    def build(self, input_spec, target_spec):
        raise NotImplementedError

    def tiny(self):
        return self


@hookimpl
def harness_models():
    return [{cls}]
'''


class Site:
    """A folder on sys.path into which packages are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self, distribution: str, entry_points: Mapping[str, str], files: Mapping[str, str], version: str = "1.0"
    ) -> None:
        """Write modules and the metadata that pip would write; `files` maps paths to source."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {value}" for name, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[harness]", *lines, ""]))
        forget()

    def task(self, name: str, target: str = "ClassTarget", distribution: str = "") -> None:
        """Install a task in a package of its own."""
        text = TASK.format(name=name, cls=name.title().replace("_", ""), target=target)
        self.install(distribution or f"dist-{name}", {f"task.{name}": f"mod_{name}"}, {f"mod_{name}.py": text})

    def model(self, name: str, causal: bool = True, distribution: str = "") -> None:
        """Install a model in a package of its own."""
        text = MODEL.format(name=name, cls=name.title().replace("_", ""), causal=causal)
        self.install(distribution or f"dist-{name}", {f"model.{name}": f"mod_{name}"}, {f"mod_{name}.py": text})


def forget() -> None:
    """Make the registry and the configuration look at the world anew."""
    importlib.invalidate_caches()
    discovery.registry.cache_clear()
    engine_code = sys.modules.get("harness.registry.engine_code")
    if engine_code is not None:
        engine_code.plugin_digest.cache_clear()
    composition = sys.modules.get("harness.config.composition")
    if composition is not None:
        composition.loader.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder for packages, which are gone after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    monkeypatch.undo()
    forget()
