"""Targets of an outside package are written with public names alone, in few lines, and keep the contract."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contract.target import Target
from harness.testing import target_checks
from harness.testing.examination import examine
from harness.testing.target_subject import subjects

PACKAGE = Path(__file__).resolve().parents[2] / "third_party_targets" / "harness_kinds"
LARGEST = 120  # lines


@pytest.mark.parametrize("name", ["crf", "ordinal"])
def test_a_target_is_short_and_imports_nothing_private(name: str) -> None:
    text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LARGEST
    assert not [each for each in imported(ast.parse(text)) if any(p.startswith("_") for p in each.split("."))]


def imported(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("name", ["crf", "ordinal"])
def test_it_keeps_the_contract(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACKAGE.parent)
    (target,) = importlib.import_module(f"harness_kinds.{name}").harness_targets()
    assert issubclass(target, Target)
    for subject in subjects(target):
        for one in target_checks.CLAUSES:
            finding = examine(one, subject)
            assert finding.held is not False, f"{one.name}: {finding.report}"
