"""The engine asks a target and never looks at its type, so a target of an outside package is as good as a built-in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.targets import BUILT_IN

ROOT = Path(harness.__file__).parent
TYPES = {target.__name__ for target in BUILT_IN}
BUILDS_NETWORKS = "bench"  # of fixed sizes, to be measured: it names targets in order to make them
FILES = sorted(p.relative_to(ROOT) for p in ROOT.rglob("*.py") if p.parts[len(ROOT.parts)] != "targets")


def matched(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, line) wherever a built-in target's class is named other than to make one or to state a task's type."""
    allowed: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="TaskSignature"), args=arguments):
                allowed.update(arguments)
            case ast.Call(func=function):
                allowed.add(function)
            case ast.Assign(targets=[ast.Name(id="target_type")], value=value):
                allowed.add(value)
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.MatchClass):
            allowed.discard(node.cls)
        if name in TYPES and node not in allowed:
            yield str(name), getattr(node, "lineno", 0)


def imported(tree: ast.AST) -> Iterator[str]:
    """Built-in targets that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in TYPES)


def test_no_file_of_the_engine_names_a_kind_of_target() -> None:
    assert len(FILES) > 200
    for path in FILES:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert not list(matched(tree)), f"{path} matches on a target's type: {list(matched(tree))}"
        if path.parts[0] != BUILDS_NETWORKS:
            assert not list(imported(tree)), f"{path} imports {list(imported(tree))}"


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(spec, ClassTarget)",
        "isinstance(spec, targets.ClassTarget | int)",
        "kind is CTCTarget",
        "losses = {ForecastTarget: mse}",
        "match spec:\n    case NextTokenTarget():\n        pass",
    ],
)
def test_ways_to_match_are_found(code: str) -> None:
    assert list(matched(ast.parse(code)))
