"""Completes words of `run` and `sweep`, and names of plug-ins; Typer provides the scripts for shells.

Reads only metadata and source files; imports no plug-in, torch or Hydra.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import typer

from harness.errors import PluginError, UserError


def hydra_words(context: typer.Context, incomplete: str) -> list[str]:
    """Completions of a word of `harness run` or `harness sweep`."""
    is_sweep = context.info_name == "sweep" or bool(context.params.get("multirun"))
    return _completed(context, incomplete, _sweep_words if is_sweep else _words)


def checked_words(context: typer.Context, incomplete: str) -> list[str]:
    """Completions of an option of the plug-in that `harness check` names."""
    from harness.cli.checking import resolve

    try:
        kind, name = resolve(str(context.params.get("name")))
    except UserError:
        return []
    chosen = [f"{kind}={name}"]
    if kind == "dataset":
        task, _, dataset = name.partition(".")
        chosen = [f"task={task}", f"task.dataset={dataset}"]
    begins: tuple[str, ...] = {"model": ("model.",), "task": ("task.",), "dataset": ("task.",)}.get(kind, ())
    if kind == "model" and context.params.get("data"):
        begins = ("model.", "task=", "task.")

    def find(before: list[str], current: str) -> Iterable[str]:
        found = _words([*chosen, *before], current)
        sections = [section for section in begins if section != current and section.startswith(current)]
        return [*(word for word in found if word.startswith(begins)), *sections] if begins else []

    return _completed(context, incomplete, find)


def _completed(context: typer.Context, incomplete: str, find: Callable[[list[str], str], Iterable[str]]) -> list[str]:
    """What `find` makes of the words before and the one begun.

    bash splits words at = and : before it asks, and replaces only the part after the last of them; other shells pass
    whole words.
    """
    given: list[str] = context.params.get("words") or []
    line = re.sub(r"\s*([=:])\s*", r"\1", " ".join(given))
    *before, last = line.split(" ")
    split = bool(last) and ("=" not in last or last[-1] in "=:")  # "task", "task=", "budget=steps:"
    if not split:
        before, begun = given, ""
    else:
        begun = last if last[-1] in "=:" else f"{last}="
    try:
        found = sorted(set(find(before, begun + incomplete)))
    except (UserError, PluginError):  # a broken package must not disturb the prompt
        return []
    if len(found) == 1 and found[0][-1] in "=.:":
        found.append(f"{found[0]}...")  # shells append a space to a single candidate
    return [word.removeprefix(begun) for word in found]


def plugin_names(*kinds: str) -> Callable[[str], list[str]]:
    """A completer for names of installed plug-ins."""

    def complete(incomplete: str) -> list[str]:
        from harness.registry.discovery import list_plugins

        names = (info.name for kind in kinds for info in list_plugins(kind))
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _words(before: list[str], current: str) -> Iterable[str]:
    """Words of Hydra's grammar that begin with `current`."""
    from harness.cli.words import group_choices
    from harness.config.schema import words as explained

    name, equals, _ = current.partition("=")
    groups, plain = group_choices(), [name for name, _ in explained()]
    if equals:
        if name in groups:
            yield from _starting(current, (f"{name}={choice}" for choice, _ in groups[name]))
        else:
            yield from _starting(current, (f"{name}={value}" for value in _values(name, before)))
    elif "." in current:
        yield from _starting(current, (f"{option}=" for option in [*_options(before), *plain]))
    else:
        sections = ("task.", "model.", "optimizer.", "trainer.", "decoding.")
        yield from _starting(current, [*(f"{group}=" for group in groups), *(f"{o}=" for o in plain), *sections])


def _sweep_words(before: list[str], current: str) -> Iterable[str]:
    """As `_words`; after a comma, the next value of the list."""
    head, comma, last = current.rpartition(",")
    if not comma or "=" not in head:
        yield from _words(before, current)
        return
    name, _, given = head.partition("=")
    taken = given.split(",")
    for word in _words(before, f"{name}={last}"):
        value = word.partition("=")[2]
        if value not in taken:
            yield f"{head},{value}"


def _options(before: list[str]) -> Iterable[str]:
    from harness.cli.words import plugin_option_names, setting_names, task_option_names

    yield from setting_names()
    chosen = _chosen(before)
    for name in chosen["task"].split(","):
        for dataset in chosen["task.dataset"].split(",") if "task.dataset" in chosen else (None,):
            yield from task_option_names(name, dataset)
    for name in chosen["model"].split(","):
        yield from plugin_option_names("model", name)


def _chosen(before: list[str]) -> dict[str, str]:
    """Values of the preceding words, with the default task and model if none is chosen."""
    given = dict(word.split("=", 1) for word in before if "=" in word)
    return {"task": "translation", "model": "lstm", **given}


def _values(name: str, before: list[str]) -> Iterable[str]:
    from harness.config.schema import meaning_of, short_names

    if name == "task.dataset":
        from harness.registry.discovery import registry

        return (dataset for task in _chosen(before)["task"].split(",") for dataset in registry().dataset_names(task))

    option = meaning_of(short_names().get(name, name))
    return option.begins or option.choices


def _starting(current: str, words: Iterable[str]) -> Iterable[str]:
    return (word for word in words if word.startswith(current))
