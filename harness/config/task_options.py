"""A task's options on the command line: its own fields and those of its data set, side by side in one typed node.

In Python a task holds its data set (`Translation(dataset=Multi30k(root=...))`). In the configuration `task.dataset` is
the data set's name and its fields stand beside the task's (`task.dataset=multi30k task.root=...`), so an option of a
data set that is not chosen is refused, and the message lists those that exist.
"""

from __future__ import annotations

import dataclasses
import typing
from functools import lru_cache
from typing import Any, ClassVar, cast

from omegaconf import DictConfig, OmegaConf

from harness.config.path_options import structured
from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.task import Task
from harness.errors import PluginError
from harness.registry.discovery import load_dataset

DATASET = "task.dataset"
"""The option whose value determines which options exist."""


class TaskOptions:
    """Base of the classes that `options_class` makes."""

    name: ClassVar[str]
    task_class: ClassVar[type[DatasetTask]]
    dataset_class: ClassVar[type[Dataset]]


def options_class(task: type[Task], dataset: str | None = None) -> type:
    """The dataclass behind the node `task`: the task's own class unless it accepts data sets.

    Args:
        task: the task's class.
        dataset: name of the data set; None: the task's default.

    Raises:
        UnknownNameError: the task has no such data set; lists those that exist.
        PluginError: the data set cannot be used, or shares the name of an option with the task.
    """
    if not issubclass(task, DatasetTask):
        return task
    if dataset is None:
        (own,) = (f for f in dataclasses.fields(task) if f.name == "dataset")
        dataset = cast("Any", own).default_factory().name
    return _combined(task, load_dataset(task.name, cast(str, dataset)))


@lru_cache(maxsize=64)
def _combined(task: type[DatasetTask], dataset: type[Dataset]) -> type[TaskOptions]:
    fields: dict[str, tuple[str, Any, Any]] = {}
    for cls in (task, dataset):
        hints = typing.get_type_hints(cls)
        for one in dataclasses.fields(cls):
            if one.name in fields:
                raise PluginError(
                    f"Data set '{dataset.name}' ({dataset.__module__}) has an option '{one.name}', which task "
                    f"'{task.name}' has too. Rename the field of {dataset.__name__}."
                )
            copied = dataclasses.field(
                default=one.default, default_factory=cast("Any", one.default_factory), metadata=one.metadata
            )
            fields[one.name] = (one.name, hints[one.name], copied)
    fields["dataset"] = ("dataset", str, dataclasses.field(default=dataset.name))
    constants = {"name": task.name, "task_class": task, "dataset_class": dataset}
    name = f"{task.__name__}On{dataset.__name__}"
    return dataclasses.make_dataclass(name, fields.values(), bases=(TaskOptions,), namespace=constants)


def choose_dataset(config: DictConfig, name: object) -> None:
    """Give the node `task` the options of another data set, if `name` is one; keep values that still apply.

    Raises:
        UnknownNameError, PluginError: as `options_class`.
    """
    old = OmegaConf.get_type(config, "task")
    if isinstance(name, bool | int | float):  # as Hydra reads 3 and true; no data set, rather than the one before
        name = str(name)
    if not (isinstance(old, type) and issubclass(old, TaskOptions) and isinstance(name, str)):
        return
    if name == old.dataset_class.name:
        return
    defaults, chosen = OmegaConf.structured(old), options_class(old.task_class, name)
    hints, other = typing.get_type_hints(old), typing.get_type_hints(chosen)
    node = structured(chosen)
    for key in (f.name for f in dataclasses.fields(cast("Any", old))):
        if key != "dataset" and other.get(key) == hints[key] and config.task[key] != defaults[key]:
            node[key] = config.task[key]
    config.task = node


def to_options(task: Any) -> Any:
    """The instance of `options_class` that stands for a task with its data set; anything else as it is."""
    if not isinstance(task, DatasetTask):
        return task
    dataset = task.dataset
    values = {f.name: getattr(task, f.name) for f in dataclasses.fields(task)} | {"dataset": dataset.name}
    values |= {f.name: getattr(dataset, f.name) for f in dataclasses.fields(dataset)}
    return _combined(type(task), type(dataset))(**values)


def to_task(options: Any) -> Any:
    """The task with its data set behind an instance of `options_class`; anything else as it is."""
    if not isinstance(options, TaskOptions):
        return options
    values = {f.name: getattr(options, f.name) for f in dataclasses.fields(cast("Any", options))}
    own = {f.name for f in dataclasses.fields(options.dataset_class)}
    dataset = options.dataset_class(**{name: values[name] for name in own})
    rest = {name: value for name, value in values.items() if name not in own and name != "dataset"}
    return options.task_class(dataset=dataset, **rest)
