"""Which model fits which task, for every installed pair at default configurations. No data is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.compatibility import check
from harness.errors import PluginError
from harness.registry import load_model, load_task, registry
from harness.specs import TaskSignature


@dataclass(frozen=True)
class Pair:
    """A task and a model; `reason` says why they do not fit, or which plug-in cannot be used."""

    task: str
    model: str
    compatible: bool
    reason: str | None = None


def matrix(tasks: Sequence[str] | None = None, models: Sequence[str] | None = None) -> list[Pair]:
    """All pairs, tasks first; None: every installed one. A plug-in that cannot be used fits nothing.

    Raises:
        UnknownNameError: a name given does not exist.
    """
    task_names = registry().names("task") if tasks is None else tasks
    model_names = registry().names("model") if models is None else models
    signatures = {name: _usable(lambda name=name: load_task(name)().signature) for name in task_names}
    makers = {name: _usable(lambda name=name: load_model(name)()) for name in model_names}
    return [_pair(t, signatures[t], m, makers[m]) for t in task_names for m in model_names]


def fitting_models(signature: TaskSignature) -> list[str]:
    """Names of the models that can do a task of this signature at their defaults."""
    made = {name: _usable(lambda name=name: load_model(name)()) for name in registry().names("model")}
    return [name for name, model in made.items() if _pair(signature.task, signature, name, model).compatible]


def _usable(make: Any) -> Any:
    try:
        return make()
    except PluginError as error:
        return error


def _pair(task: str, signature: TaskSignature | PluginError, model: str, made: Any) -> Pair:
    if isinstance(signature, PluginError):
        return Pair(task, model, False, str(signature))
    if isinstance(made, PluginError):
        return Pair(task, model, False, str(made))
    found = check(signature, model, made.capabilities(signature))
    return Pair(task, model, found.compatible, found.reason)
