"""Which files take part in running a module: its own and those that it imports, found in the syntax trees.

Nothing is imported. Imports inside functions count, since they run too; imports under `if TYPE_CHECKING` do not.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.registry.source_code import find_source

Find = Callable[[str], Path | None]
"""From a module's dotted name to its file."""


def reached(
    entries: Iterable[str], packages: Collection[str], leave_out: Collection[str] = (), find: Find = find_source
) -> dict[str, Path]:
    """The files of modules, of what they import directly or not, and of the packages around each; by dotted name.

    Args:
        entries: dotted names of the modules to begin with.
        packages: top-level packages that are followed; what lies in others is another distribution's business.
        leave_out: modules, and packages with everything in them, that are neither listed nor followed. A name that
            ends in ".__init__" stands for the package's own file alone.
        find: where a module's file lies; by default, where Python would find it.
    """
    found: dict[str, Path] = {}
    waiting = list(entries)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] not in packages or _left_out(name, leave_out):
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])  # importing a.b runs a/__init__.py first
        path = find(name)
        if path is None:  # a name in a module rather than a module
            continue
        is_package = path.name == "__init__.py"
        if is_package and f"{name}.__init__" in leave_out:
            continue
        found[name] = path
        waiting += imports(name, path)
    return {name: found[name] for name in sorted(found)}


def imports(module: str, path: Path) -> Iterator[str]:
    """Full names that a module's import statements mention; `from a import b` gives both a and a.b."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for base, level, names in _read(path).imports:
        if not level:
            yield base
            start = base
        else:
            parents = package.split(".")
            start = ".".join([*parents[: len(parents) - (level - 1)], *([base] if base else [])])
            yield start
        yield from (f"{start}.{name}" for name in names)


def digest(files: Mapping[str, Path]) -> str:
    """SHA-256 over modules' names and syntax trees, without docstrings and positions.

    A comment, a docstring or a reformatting changes nothing; any change of code does.
    """
    total = hashlib.sha256()
    for name, path in files.items():
        total.update(f"{name} {_read(path).digest}\n".encode())
    return total.hexdigest()


@dataclass(frozen=True)
class _Read:
    """What a file's syntax tree says: its digest, and (module, level, names) of its import statements."""

    digest: str
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]


def _read(path: Path) -> _Read:
    return _parsed(path.read_bytes())


@lru_cache(maxsize=4096)
def _parsed(source: bytes) -> _Read:
    """Reading is quick and parsing is not, so what was parsed is known by its content."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # it cannot run either; its bytes stand for it
        return _Read(hashlib.sha256(source).hexdigest(), ())
    found = tuple(_statements(tree))
    for node in ast.walk(tree):
        _drop_docstring(node)
    return _Read(hashlib.sha256(ast.dump(tree, annotate_fields=False).encode()).hexdigest(), found)


def _statements(tree: ast.AST) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level, tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            for other in node.orelse:
                yield from _statements(ast.Module([other], []))
        else:
            yield from _statements(node)


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _drop_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", None)
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
        first = body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = body[1:]


def _left_out(name: str, leave_out: Collection[str]) -> bool:
    return any(name == out or name.startswith(f"{out}.") for out in leave_out)
