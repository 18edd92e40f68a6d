"""Which model fits which task, for every installed pair at default configurations. No data is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contract.signature import TaskSignature
from harness.errors import PluginError
from harness.registry.compatibility import check
from harness.registry.discovery import registry
from harness.registry.guard import contained


@dataclass(frozen=True)
class Pair:
    """A task and a model; `reason` says why they do not fit, or which plug-in is unusable."""

    task: str
    model: str
    compatible: bool
    reason: str | None = None


def matrix(tasks: Sequence[str] | None = None, models: Sequence[str] | None = None) -> list[Pair]:
    """All pairs, tasks first; None: every installed one. An unusable plug-in fits nothing.

    Raises:
        UnknownNameError: a given name does not exist.
    """
    task_names = registry().names("task") if tasks is None else tasks
    model_names = registry().names("model") if models is None else models
    signatures = {name: _usable("task", name, lambda cls: cls().signature) for name in task_names}
    makers = {name: _usable("model", name, lambda cls: cls()) for name in model_names}
    return [_pair(t, signatures[t], m, makers[m]) for t in task_names for m in model_names]


def fitting_models(signature: TaskSignature) -> list[str]:
    """Names of the models that can do a task of this signature at their defaults."""
    names = registry().names("model")
    made = {name: _usable("model", name, lambda cls: cls()) for name in names}
    return [name for name, model in made.items() if _pair(signature.task, signature, name, model).compatible]


def _usable(kind: str, name: str, use: Callable[[Any], Any]) -> Any:
    """The result of `use` on the plug-in's class, or a PluginError that says why the plug-in is unusable."""
    try:
        cls = registry().load(kind, name)
    except PluginError as error:
        return error
    label = registry().info(kind, name).label
    try:
        with contained(label, "was queried for its requirements"):
            return use(cls)
    except Exception as error:
        return PluginError(f"The {label} fails with its defaults: {type(error).__name__}: {error}")


def _pair(task: str, signature: TaskSignature | PluginError, model: str, made: Any) -> Pair:
    if isinstance(signature, PluginError):
        return Pair(task, model, False, str(signature))
    if isinstance(made, PluginError):
        return Pair(task, model, False, str(made))
    capabilities = _usable("model", model, lambda _: made.capabilities(signature))
    if isinstance(capabilities, PluginError):
        return Pair(task, model, False, str(capabilities))
    found = check(signature, model, capabilities)
    return Pair(task, model, found.compatible, found.reason)
