"""Renaming inside Python source: modules, one class and one class variable, everything else left as it was written.

Names are found in the syntax tree and replaced in the text, so comments, layout and strings stay.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import PluginError


@dataclass(frozen=True)
class Renaming:
    """What becomes of a plug-in's names.

    Attributes:
        module: dotted name of the plug-in's own module, and `new_module` what it becomes.
        new_package: what its top-level package becomes, with all other modules in it.
        old_class, new_class: the plug-in's class.
        new_name: value of its class variable `name`.
    """

    module: str
    new_module: str
    new_package: str
    old_class: str
    new_class: str
    new_name: str

    @property
    def package(self) -> str:
        """The old top-level package."""
        return self.module.partition(".")[0]

    def owns(self, module: str) -> bool:
        """Whether the module is one of those that are copied."""
        return module == self.package or module.startswith(f"{self.package}.")

    def of_module(self, module: str) -> str:
        """The new name of a module that it owns."""
        return self.new_module if module == self.module else self.new_package + module.removeprefix(self.package)


@dataclass(frozen=True)
class _Edit:
    """Replace bytes `start` to `end` of line `line` (from 1)."""

    line: int
    start: int
    end: int
    text: str


def rewrite(source: str, module: str, *, is_package: bool, renaming: Renaming) -> str:
    """The source of `module` with the new names.

    Args:
        source: as written.
        module: its dotted name, from which relative imports are counted; they become absolute ones.
        is_package: whether it is an `__init__.py`.
        renaming: what to rename.

    Raises:
        PluginError: an import is written so that it cannot be found in the text.
    """
    lines = source.encode().splitlines(keepends=True)  # columns of the syntax tree count bytes
    visitor = _Renamer(lines, module if is_package else module.rpartition(".")[0], renaming)
    for edit in sorted(visitor.edits(ast.parse(source)), key=lambda e: (e.line, e.start), reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.start] + edit.text.encode() + line[edit.end :]
    return b"".join(lines).decode()


class _Renamer:
    def __init__(self, lines: list[bytes], package: str, renaming: Renaming) -> None:
        self.lines, self.package, self.renaming = lines, package, renaming
        self.knows_class = False  # whether the class is written or imported here under its own name
        self.imported: set[str] = set()  # own modules that "import" brings under their full names

    def edits(self, tree: ast.Module) -> Iterator[_Edit]:
        """All replacements, in any order, none overlapping another."""
        for node in ast.walk(tree):
            match node:
                case ast.ClassDef(name=name):
                    self.knows_class |= name == self.renaming.old_class
                case ast.ImportFrom():
                    self.knows_class |= self._imports_class(node)
                case ast.Import():
                    plain = (alias.name for alias in node.names if not alias.asname)
                    self.imported.update(name for name in plain if self.renaming.owns(name))
        yield from self._visit(tree)

    def _visit(self, node: ast.AST) -> Iterator[_Edit]:
        match node:
            case ast.Import():
                yield from (self._alias(a) for a in node.names if self.renaming.owns(a.name))
            case ast.ImportFrom():
                yield from self._import_from(node)
            case ast.Attribute() | ast.Name() if new := self._module_of(node):
                yield _Edit(node.lineno, node.col_offset, node.end_col_offset or node.col_offset, new)
                return  # what is inside is part of the module's name
            case ast.Name() if self.knows_class and node.id == self.renaming.old_class:
                yield self._word(node.lineno, node.col_offset, node.id, self.renaming.new_class)
            case ast.ClassDef() if node.name == self.renaming.old_class:
                at = self._find(rb"class\s+(\w+)", node.lineno, node.col_offset, f"class {node.name}")
                yield self._word(node.lineno, at.start(1), node.name, self.renaming.new_class)
                yield from self._class_variable(node)
        for child in ast.iter_child_nodes(node):
            yield from self._visit(child)

    def _class_variable(self, node: ast.ClassDef) -> Iterator[_Edit]:
        value = name_constant(node)
        if value is not None:
            end = value.end_col_offset or value.col_offset
            yield _Edit(value.lineno, value.col_offset, end, f'"{self.renaming.new_name}"')

    def _import_from(self, node: ast.ImportFrom) -> Iterator[_Edit]:
        base = self._base(node)
        if not self.renaming.owns(base):
            return
        at = self._find(rb"from\s*(\.*\s*[\w.]*)\s*\bimport\b", node.lineno, node.col_offset, f"from {base} import")
        written = at.group(1).rstrip()
        yield _Edit(node.lineno, at.start(1), at.start(1) + len(written), self.renaming.of_module(base))
        for alias in node.names:
            if f"{base}.{alias.name}" == self.renaming.module:
                last = self.renaming.new_module.rpartition(".")[2]
                text = last if alias.asname or last == alias.name else f"{last} as {alias.name}"
                yield self._word(alias.lineno, alias.col_offset, alias.name, text)
            elif alias.name == self.renaming.old_class:
                yield self._word(alias.lineno, alias.col_offset, alias.name, self.renaming.new_class)

    def _imports_class(self, node: ast.ImportFrom) -> bool:
        old = self.renaming.old_class
        return self.renaming.owns(self._base(node)) and any(a.name == old and not a.asname for a in node.names)

    def _base(self, node: ast.ImportFrom) -> str:
        """Full name of the module after "from"."""
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        return ".".join([*parts[: len(parts) - (node.level - 1)], *([node.module] if node.module else [])])

    def _alias(self, alias: ast.alias) -> _Edit:
        return self._word(alias.lineno, alias.col_offset, alias.name, self.renaming.of_module(alias.name))

    def _module_of(self, node: ast.expr) -> str:
        """The new name of an imported module that the expression writes out; empty: it is none."""
        if not self.imported:
            return ""
        written = ast.unparse(node)
        if written in self.imported:
            return self.renaming.of_module(written)
        inside = any(name.startswith(f"{written}.") for name in self.imported)
        return self.renaming.new_package if inside and written == self.renaming.package else ""

    def _word(self, line: int, start: int, old: str, new: str) -> _Edit:
        return _Edit(line, start, start + len(old.encode()), new)

    def _find(self, pattern: bytes, line: int, start: int, what: str) -> re.Match[bytes]:
        found = re.compile(pattern).match(self.lines[line - 1], start)
        if found is None:
            raise PluginError(f"'{what}' is spread over several lines, so it cannot be renamed.")
        return found


def name_constant(node: ast.ClassDef) -> ast.Constant | None:
    """The text that is assigned to the class variable `name`; None if it is not written as one."""
    for item in node.body:
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        value = getattr(item, "value", None)
        if isinstance(target, ast.Name) and target.id == "name" and isinstance(value, ast.Constant):
            return value
    return None
