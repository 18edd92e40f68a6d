"""The hooks of the pluggy project "harness". A plug-in module marks its functions with `harness.hookimpl`.

Hooks are called once the plug-in's module is imported (only when a command needs the plug-in); they return classes,
or functions by name, and do no work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from harness.contract.dataset import Dataset
    from harness.contract.model import Model
    from harness.contract.target import Target
    from harness.contract.task import Task

hookspec = pluggy.HookspecMarker("harness")
hookimpl = pluggy.HookimplMarker("harness")


@hookspec
def harness_tasks() -> list[type[Task]]:
    """The task classes that this plug-in brings; each `name` equals an entry point "task.<name>"."""
    return []


@hookspec
def harness_models() -> list[type[Model]]:
    """The model classes that this plug-in brings; each `name` equals an entry point "model.<name>"."""
    return []


@hookspec
def harness_datasets() -> list[type[Dataset]]:
    """The data sets of this plug-in; `task` and `name` of each equal an entry point, "dataset.<task>.<name>"."""
    return []


@hookspec
def harness_targets() -> list[type[Target]]:
    """The target classes that this plug-in brings; each `name` equals an entry point "target.<name>"."""
    return []


@hookspec
def harness_panels() -> dict[str, Callable[[Any], list[Any]]]:
    """What this plug-in adds to the report: functions from `harness.report.PanelContext` to a list of
    `harness.report.Panel`; each key equals an entry point "panel.<name>". Called by `harness report`."""
    return {}
