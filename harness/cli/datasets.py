"""The data sets of the installed tasks at their default configurations, for `list datasets` and `data`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.contract.task import Task
from harness.errors import PluginError, UnknownNameError, UserError
from harness.registry.discovery import list_plugins, load_task, registry


def all_datasets(tasks: Sequence[str] | None = None) -> tuple[list[dict[str, Any]], list[str]]:
    """One entry for each source of each task, and one message for each plug-in that cannot be used."""
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    for info in list_plugins("task"):
        if tasks is not None and info.name not in tasks:
            continue
        try:
            task = load_task(info.name)()
            for source in task.sources():
                found.append(
                    {
                        "name": source.name,
                        "task": info.name,
                        "dataset": task.dataset_name,
                        "version": info.version,
                        "distribution": info.distribution,
                        "description": source.description,
                        "licence": source.licence,
                        "source": source.kind,
                        "origin": source.origin,
                        "synthetic": task.synthetic,
                        "cached": source.cached(),
                    }
                )
        except (PluginError, UserError) as error:
            problems.append(str(error))
    return found, problems


def tasks_named(words: Sequence[str]) -> list[Task]:
    """The tasks that the words name, with the options that they set; all installed ones where none is named.

    Args:
        words: names of tasks or of their data sets, and options such as "task.dataset=multi30k" that hold for each.

    Raises:
        UnknownNameError, ConfigError, PluginError: a name or an option is wrong.
    """
    from harness.config import compose, to_settings

    names = list(dict.fromkeys(_task_name(word) for word in words if "=" not in word))
    options = [word for word in words if "=" in word]
    if not options:
        return [load_task(name)() for name in names or registry().names("task")]
    chosen = [[f"task={name}"] for name in names] or [[]]
    return [to_settings(compose([*choice, *options])).task for choice in chosen]


def _task_name(word: str) -> str:
    """The task that bears this name or whose default data set does."""
    tasks = registry().names("task")
    if word in tasks:
        return word
    found, _ = all_datasets()
    for entry in found:
        if word in (entry["name"], entry["dataset"]):
            return str(entry["task"])
    known = [*tasks, *(entry["name"] for entry in found)]
    raise UnknownNameError("task or data set", word, known, "the installed plug-ins")
