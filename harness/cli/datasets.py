"""Finds installed data sets for `list datasets` and `data`: separate plug-ins, and those built into tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.task import Task
from harness.errors import ConfigError, PluginError, UnknownNameError, UserError
from harness.registry.discovery import PluginInfo, list_plugins, load_dataset, load_task, registry


def all_datasets() -> tuple[list[dict[str, Any]], list[str]]:
    """One entry for each source of each data set, and one message for each plug-in that cannot be used.

    Its "plugin" is what brings the data: a data set, or a task.
    """
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    for info in (*list_plugins("dataset"), *list_plugins("task")):
        try:
            found += _of_dataset(info) if info.kind == "dataset" else _of_task(info)
        except (PluginError, UserError) as error:
            problems.append(str(error))
    return sorted(found, key=lambda entry: (entry["task"], entry["name"])), problems


def _of_dataset(info: PluginInfo) -> Iterator[dict[str, Any]]:
    task, _, name = info.name.partition(".")
    yield from _entries(info, task, name, load_dataset(task, name)())


def _of_task(info: PluginInfo) -> Iterator[dict[str, Any]]:
    """The data set built into a task."""
    task = load_task(info.name)()
    if not isinstance(task, DatasetTask):
        yield from _entries(info, info.name, task.dataset_name, task)


def _entries(info: PluginInfo, task: str, name: str, data: Dataset | Task) -> Iterator[dict[str, Any]]:
    tried = not isinstance(data, Dataset) or data.tried
    for source in data.sources():
        yield {
            "name": name,
            "task": task,
            "dataset": data.dataset_name if isinstance(data, Task) else data.label,
            "version": info.version,
            "distribution": info.distribution,
            "description": source.description,
            "licence": source.licence,
            "source": source.kind,
            "origin": source.origin,
            "size_mb": source.size_mb,
            "synthetic": data.synthetic,
            "cached": source.cached(),
            "tried": tried,
            "plugin": info,
        }


def tasks_named(words: Sequence[str]) -> list[Task]:
    """The tasks named by the words, with the options set; all installed tasks if none is named.

    Args:
        words: names of tasks or of data sets ("multi30k", or "translation.multi30k" if several tasks have one of that
            name), and options such as "task.root=FOLDER" that apply to each.

    Raises:
        UnknownNameError, ConfigError, PluginError: a name or an option is wrong.
    """
    from harness.config import compose, to_settings

    names = list(dict.fromkeys(word for word in words if "=" not in word))
    options = [word for word in words if "=" in word]
    if not names and not options:
        return [load_task(name)() for name in registry().names("task")]
    chosen = [_choice(name) for name in names] or [[]]
    return [to_settings(compose([*choice, *options])).task for choice in chosen]


def _choice(word: str) -> list[str]:
    """The words of a run that choose the task, or the data set with its task, of that name."""
    tasks = registry().names("task")
    if word in tasks:
        return [f"task={word}"]
    full = registry().names("dataset")
    found = [name for name in full if word in (name, name.partition(".")[2])]
    if len(found) > 1:
        raise ConfigError(f"Several tasks have a data set '{word}': write {' or '.join(found)}.")
    if found:
        task, _, name = found[0].partition(".")
        return [f"task={task}", f"task.dataset={name}"]
    where = "the installed plug-ins"
    raise UnknownNameError("task or data set", word, [*tasks, *(name.partition(".")[2] for name in full)], where)
