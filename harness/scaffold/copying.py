"""Starting from an installed plug-in: its module and the modules of its own package that it imports, renamed."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.contract.version import CONTRACT_VERSION
from harness.errors import PluginError, UserError
from harness.registry.discovery import PluginInfo, registry, source_code
from harness.scaffold.names import class_name, identifiers, package_name
from harness.scaffold.rewriting import Renaming, name_constant, rewrite

if TYPE_CHECKING:
    from harness.contract.task import Task


OURS = "sequence-harness"


@dataclass(frozen=True)
class Copy:
    """A plug-in's source under another name.

    Attributes:
        files: text by path inside the new package.
        class_name: of the plug-in.
        origin: what was copied, with its distribution, version and licence, as a phrase.
        requirements: what its distribution needs beside the harness.
        options: for a task, the options that make its data small.
    """

    files: dict[str, str]
    class_name: str
    origin: str
    requirements: tuple[str, ...]
    options: dict[str, Any]


def copy_plugin(kind: str, start: str, name: str) -> Copy:
    """The source of the plug-in `start`, as that of a plug-in called `name`.

    Raises:
        UnknownNameError: no installed plug-in of that kind is called `start`.
        PluginError: it does not load.
        UserError: it cannot be copied: it brings several plug-ins, or its class lives elsewhere or has no plain name.
    """
    info = registry().info(kind, start)
    cls = registry().load(kind, start)
    brought = getattr(importlib.import_module(info.module), f"harness_{kind}s")()
    if len(brought) > 1:
        raise UserError(f"The {info.label} brings {len(brought)} {kind}s in one module; copy the one by hand.")
    paths = {_dotted(path, info.module): path for path in source_code.module_files(info.module)}
    texts = {module: path.read_text(encoding="utf-8") for module, path in paths.items()}
    if cls.__module__ not in texts or not _has_name(texts[cls.__module__], cls.__name__):
        raise UserError(
            f"The {info.label} cannot be copied: its class {cls.__name__} is written in '{cls.__module__}', "
            "outside of its own package, or sets its class variable 'name' otherwise than by a text."
        )
    new_class = class_name(kind, name, identifiers(texts[cls.__module__]) - {cls.__name__})
    package = package_name(name)
    renaming = Renaming(info.module, f"{package}.{name}", package, cls.__name__, new_class, name)
    files: dict[str, str] = {}
    for module, text in texts.items():
        inside = paths[module].name == "__init__.py"
        path = _inside(renaming.of_module(module), is_package=inside)
        if path in files:
            raise UserError(f"The {info.label} has a module '{name}' beside its own; choose another name.")
        if not inside or len(ast.parse(text).body) > 1:  # a package's docstring alone speaks of that package
            files[path] = rewrite(text, module, is_package=inside, renaming=renaming)
    files[f"{name}.py"] = _with_contract(files[f"{name}.py"])
    options = small_options(cast("type[Task]", cls)()) if kind == "task" else {}
    return Copy(files, new_class, _origin(info), _requirements(info), options)


def _origin(info: PluginInfo) -> str:
    """ "`lstm` of sequence-harness 0.1.0 (Apache-2.0)"."""
    licence = metadata.metadata(info.distribution)["License-Expression"]
    return f"`{info.name}` of {info.distribution} {info.version}" + (f" ({licence})" if licence else "")


def _requirements(info: PluginInfo) -> tuple[str, ...]:
    """What the plug-in's distribution requires; nothing for a built-in, since the harness brings it."""
    if info.distribution == OURS:
        return ()
    required = (text for text in metadata.requires(info.distribution) or () if "extra ==" not in text)
    return tuple(text for text in required if not text.startswith(OURS))


def small_options(task: Task) -> dict[str, Any]:
    """The options in which `task.tiny()` differs from the task, as plain values."""
    from omegaconf import OmegaConf

    large, small = (
        cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.structured(t), enum_to_str=True))
        for t in (task, task.tiny())
    )
    return _difference(small, large)


def _difference(values: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(usual[key], dict):
            inner = _difference(value, usual[key])
            found |= {key: inner} if inner else {}
        elif value != usual[key]:
            found[key] = value
    return found


def _dotted(path: Path, module: str) -> str:
    """The dotted name of a file of the package to which `module` belongs."""
    top = module.partition(".")[0]
    folder = source_code.find_folder(top)
    if folder is None or not path.is_relative_to(folder):
        return module  # a plug-in that is a single file
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join([top, *(parts[:-1] if parts[-1] == "__init__" else parts)])


def _inside(module: str, *, is_package: bool) -> str:
    """The path of a module inside its package: "package.a.b" is a/b.py."""
    parts = module.split(".")[1:]
    return "/".join([*parts, "__init__.py"]) if is_package else "/".join(parts) + ".py"


def _has_name(text: str, class_name: str) -> bool:
    classes = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return any(node.name == class_name and name_constant(node) is not None for node in classes)


def _with_contract(text: str) -> str:
    """The module with a line that states the contract, after its imports where it has none."""
    body = ast.parse(text).body
    if any(isinstance(n, ast.Assign) and "HARNESS_CONTRACT" in ast.unparse(n.targets[0]) for n in body):
        return text
    last = max((n.end_lineno or 0 for n in body if isinstance(n, ast.Import | ast.ImportFrom)), default=0)
    lines = text.splitlines(keepends=True)
    if not last:
        raise PluginError("A plug-in's module imports at least harness.")
    return "".join([*lines[:last], f"\nHARNESS_CONTRACT = {CONTRACT_VERSION}\n", *lines[last:]])
