"""Installing what was written, as pip would, without a network."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.contract.dataset import Dataset
from harness.scaffold import Package, create
from harness.testing import DatasetContract, ModelContract, TargetContract, TaskContract
from harness.testing.examination import examine, pairs

SLOW = (
    "compiled",
    "overfitting",
    "preparation_twice",
    "preparation_at_once",
    "preparation_killed",
    "repeatable",
    "offline",
)
"""Clauses that take seconds: a copy has the code of a plug-in that keeps them."""


@pytest.fixture
def made(site: Any, tmp_path: Path) -> Callable[..., Package]:
    """Write a package and make it visible to the registry; arguments as for `create`."""

    def make(kind: str, name: str, **options: Any) -> Package:
        package = create(kind, name, into=tmp_path / "made" / name, **options)
        project = tomllib.loads((package.folder / "pyproject.toml").read_text())["project"]
        inside = [path for path in package.files if path.startswith(f"harness_{name}/")]
        files = {path: (package.folder / path).read_text() for path in inside}
        site.install(project["name"], project["entry-points"]["harness"], files, version=project["version"])
        return package

    return make


@pytest.fixture
def broken() -> Callable[..., list[str]]:
    """Check a plug-in against its contract; returns what it breaks."""

    def check(plugin: Any, *, quick: bool = False) -> list[str]:
        contract: Any = ModelContract if hasattr(plugin, "capabilities") else TaskContract
        contract = TargetContract if isinstance(plugin, type) else contract
        contract = DatasetContract if isinstance(plugin, Dataset) else contract
        subjects = contract.subjects(plugin)[: 1 if quick else None]
        clauses = [clause for clause in contract.clauses() if not (quick and clause.name in SLOW)]
        findings = [examine(one, subject, reason=reason) for one, subject, reason in pairs(clauses, subjects)]
        assert len(findings) > 8
        return [f"{f.clause} on {f.case}: {f.report}" for f in findings if f.held is False]

    return check
