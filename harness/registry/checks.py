"""Checks of an imported plug-in: hook names and markers, and its classes."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from harness.contract import hookspecs
from harness.errors import PluginError


def check_hook_names(label: str, module: ModuleType) -> None:
    """Check that functions named `harness_*` are hooks: pluggy itself ignores misspelt or unmarked ones.

    Raises:
        PluginError: the name is not that of a hook, or the function is not marked.
    """
    known = sorted(name for name in vars(hookspecs) if name.startswith("harness_"))
    for name, value in vars(module).items():
        if not name.startswith("harness_") or not inspect.isfunction(value):
            continue
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            exist = ", ".join(known)
            raise PluginError(f"The {label} defines '{name}', which is not a hook.{hint} Hooks: {exist}.")
        if not hasattr(value, "harness_impl"):
            raise PluginError(f"The {label} defines '{name}' without the decorator @harness.hookimpl.")


def check_class(label: str, kind: str, cls: Any) -> None:
    """Check that a class returned by a hook is a concrete dataclass with the right base and defaults for all fields.

    The fields of a target need none: they are sizes, which only data can give.

    Raises:
        PluginError: it is not; the message says what is missing.
    """
    base, needed = _contract(kind)
    if not (isinstance(cls, type) and base in cls.__mro__):
        raise PluginError(
            f"The {label}: harness_{kind}s() must return subclasses of harness.{base.__name__}, not {cls!r}."
        )
    about = f"The {label}: class {cls.__name__}"
    missing = [name for name in needed if not hasattr(cls, name)]
    if missing:
        raise PluginError(f"{about} lacks the class variable(s) {', '.join(missing)}.")
    if inspect.isabstract(cls):
        raise PluginError(f"{about} does not implement {', '.join(sorted(getattr(cls, '__abstractmethods__', ())))}.")
    if "__dataclass_params__" not in vars(cls) and vars(cls).get("__annotations__"):
        raise PluginError(f"{about} has fields but lacks the decorator @dataclass.")
    if kind == "target":  # whose fields are sizes, which only data can give
        if not vars(cls)["__dataclass_params__"].frozen:
            raise PluginError(f"{about} must be frozen: @dataclass(frozen=True).")
        return
    bare = [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if bare:
        raise PluginError(f"{about} has field(s) without a default: {', '.join(bare)}.")


def name_of(kind: str, cls: Any) -> str:
    """What the entry point of a class is called, after its kind: a data set's has its task's name in front."""
    return f"{cls.task}.{cls.name}" if kind == "dataset" else str(cls.name)


def named_by(kind: str) -> str:
    """The class variables that `name_of` reads, for messages."""
    return "the class variables 'task' and 'name'" if kind == "dataset" else "the class variable 'name'"


_CONTRACTS = {
    "task": ("harness.contract.task", "Task", ("name", "input_type", "target_type", "metrics")),
    "model": ("harness.contract.model", "Model", ("name",)),
    "target": ("harness.contract.target", "Target", ("name",)),
    "dataset": ("harness.contract.dataset", "Dataset", ("task", "name")),
}
"""By kind: module and name of the base class, and the class variables that it demands."""


def _contract(kind: str) -> tuple[Any, tuple[str, ...]]:
    module, base, needed = _CONTRACTS[kind]
    return getattr(importlib.import_module(module), base), needed
