"""Reading a plug-in's source without importing it: its location and its description.

Listing plug-ins and completing their options must not import them (they may import torch at the top). What a plug-in
imports, and its digest, are in `harness.registry.imports`.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

from harness.contract.version import CONTRACT_NAME

_CONTRACTS = re.compile(r"harness(\.contract\b.*)?")


def find_source(module: str) -> Path | None:
    """The file of a module (of a package: its `__init__`), found without importing it or its parents."""
    for place in _places(module):
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                return file
    return None


def find_folder(module: str) -> Path | None:
    """The folder of a package (with or without an `__init__`), found without importing it."""
    return next((place for place in _places(module) if place.is_dir()), None)


def _places(module: str) -> list[Path]:
    """Possible locations of the module, without suffix: a folder of that name, or a file with ".py" appended.

    Only the top-level name is looked up by Python, which executes nothing; below it, paths mirror names.
    """
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    roots = list(spec.submodule_search_locations or [])
    if not roots and spec.origin and not rest:
        roots = [spec.origin.removesuffix(".py")]
    return [Path(root, *rest) for root in roots]


def description(module: str) -> str:
    """First paragraph of the module's docstring on one line; empty if there is none or the file is broken."""
    tree = _tree(find_source(module))
    text = (ast.get_docstring(tree) or "") if tree else ""
    return " ".join(text.split("\n\n")[0].split())


def stated_contract(module: str) -> object:
    """The value of `HARNESS_CONTRACT` at the top level of the module; None if it is not set.

    Anything but a literal is returned as its source text.
    """
    tree = _tree(find_source(module))
    for node in tree.body if tree else []:
        value = _assigned(node, CONTRACT_NAME)
        if value is not None:
            try:
                return ast.literal_eval(value)
            except ValueError:
                return ast.unparse(value)
    return None


def config_fields(module: str, name: str) -> list[str]:
    """Annotated fields of the class in `module` whose class variable `name` is `name`, base classes first.

    Base classes are followed into the modules that they are imported from, but not into the contracts; used for
    completion, where an incomplete answer does no harm.
    """
    tree = _tree(find_source(module))
    if tree is None:
        return []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _class_constant(node, "name") == name:
            return _fields_of(node, tree)
    return []


def _fields_of(node: ast.ClassDef, tree: ast.Module) -> list[str]:
    found: dict[str, bool] = {}  # name -> whether it is a class variable
    for base in node.bases:
        written = _class_of(base.id, tree) if isinstance(base, ast.Name) and base.id != node.name else None
        if written is not None:
            found.update(dict.fromkeys(_fields_of(*written), False))
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found[item.target.id] = "ClassVar" in ast.unparse(item.annotation)
    return [name for name, is_class_variable in found.items() if not is_class_variable]


def _class_of(name: str, tree: ast.Module) -> tuple[ast.ClassDef, ast.Module] | None:
    """The class that a module knows by that name, with the module it is written in; None: it is not found."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node, tree
        if isinstance(node, ast.ImportFrom) and node.module and not _CONTRACTS.fullmatch(node.module):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    other = _tree(find_source(node.module))
                    return _class_of(alias.name, other) if other else None
    return None


def _class_constant(node: ast.ClassDef, name: str) -> object:
    for item in node.body:
        value = _assigned(item, name)
        if isinstance(value, ast.Constant):
            return value.value
    return None


def _assigned(statement: ast.stmt, name: str) -> ast.expr | None:
    """The right side of `name = ...` or `name: type = ...`; None for any other statement."""
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets, value = [statement.target], statement.value
    else:
        return None
    return value if any(isinstance(t, ast.Name) and t.id == name for t in targets) else None


def _tree(path: Path | None) -> ast.Module | None:
    if path is None:
        return None
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None
