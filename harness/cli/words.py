"""Shared by `run` and `sweep`: their help, and the words of Hydra's grammar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.contract.options import options
from harness.contract.task_fields import TaskFields
from harness.registry.discovery import list_plugins, source_code

_GRAMMAR = """\
Words are NAME=VALUE:
  task=NAME model=NAME          choose a plug-in
  task.OPTION=VALUE             set one of its options
  task.dataset=NAME             choose where its examples come from; its options follow as task.OPTION=VALUE
  optimizer.lr=1e-3 seed=1      set any other option
  experiment=NAME               take the settings of conf/experiment/NAME.yaml
In a sweep, a value may be a list: task=a,b  seed=range(3)  model.hidden_size=choice(128,256)."""


def help_text(command: str, options: Sequence[tuple[str, str]]) -> str:
    """The help of `run` and `sweep`: options, groups with their choices, and other words.

    Imports no plug-in.
    """
    from harness.config.schema import engine_options, words

    lines = [f"Usage: harness {command} [OPTIONS] [NAME=VALUE]...", "", _GRAMMAR, "", "Options:"]
    lines += _columns(options)
    for group, choices in group_choices().items():
        lines += ["", f"{group}=", *_columns(choices)]
    for task, choices in dataset_choices().items():
        lines += ["", f"task={task} task.dataset=", *_columns(choices)]
    lines += ["", "Other words:", *_columns([(f"{name}=", option.help) for name, option in words()])]
    lines += ["", "Options of optimizer, trainer and decoding:"]
    lines += _columns([(name, engine_options()[name].help) for name in setting_names()])
    lines += ["", "All options of a run with their values: harness run task=NAME model=NAME --cfg job"]
    return "\n".join(lines)


def group_choices() -> dict[str, list[tuple[str, str]]]:
    """Every group with its choices and their descriptions, from metadata, docstrings and first comments."""
    from harness.config.folders import conf_dir, plugin_folders
    from harness.config.schema import groups

    found: dict[str, list[tuple[str, str]]] = {}
    folders = [conf_dir(), *plugin_folders().values()]
    for group in groups():
        choices = [
            (info.name, info.description if info.problem is None else f"cannot be used: {info.problem}")
            for info in (list_plugins(group) if group in ("task", "model") else [])
        ]
        for folder in folders:
            files = sorted((folder / group).rglob("*.yaml"))
            choices += [(_option(path, folder / group), _first_comment(path)) for path in files]
        found[group] = sorted(dict(choices).items())
    return found


def _option(path: Path, folder: Path) -> str:
    """What a file is called after "GROUP=": its name, with the folders between."""
    return path.relative_to(folder).with_suffix("").as_posix()


def dataset_choices() -> dict[str, list[tuple[str, str]]]:
    """The data sets of every task that has some, with descriptions, from metadata and docstrings."""
    found: dict[str, list[tuple[str, str]]] = {}
    for info in list_plugins("dataset"):
        task, _, name = info.name.partition(".")
        text = info.description if info.problem is None else f"cannot be used: {info.problem}"
        found.setdefault(task, []).append((name, text))
    return found


def setting_names() -> list[str]:
    """Dotted names of the options of optimizer, trainer and decoding."""
    from harness.config.schema import engine_options

    return [name for name in engine_options() if name.startswith(("optimizer.", "trainer.", "decoding."))]


def task_option_names(task: str, dataset: str | None) -> list[str]:
    """Dotted names of a task's options and those of a data set (None: of all), read without importing them."""
    names = plugin_option_names("task", task)
    for info in list_plugins("dataset"):
        owner, _, name = info.name.partition(".")
        if owner == task and dataset in (name, None):
            names += [f"task.{option}" for option in source_code.config_fields(info.module, name)]
    return list(dict.fromkeys(names))


def plugin_option_names(kind: str, name: str) -> list[str]:
    """Dotted names of a plug-in's own options, read from its source without importing it."""
    module = next((info.module for info in list_plugins(kind) if info.name == name), None)
    if module is None:
        return []
    names = source_code.config_fields(module, name)
    if kind == "task":
        of_every_task = [name for name, _ in options(TaskFields)]
        names = [*(n for n in names if n != "loader"), *of_every_task]
    return [f"{kind}.{option}" for option in dict.fromkeys(names)]


def _first_comment(path: Path) -> str:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("#") and not line.startswith("# @"):
            return line.removeprefix("#").strip()
    return ""


def _columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:<{width}}  {text}".rstrip() for name, text in rows]
