"""The subject of `harness check` (a plug-in, its options, real data), and recording the result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigError, StoreError, UnknownNameError
from harness.registry.discovery import HOOK_OF_KIND, registry

if TYPE_CHECKING:
    from harness.testing.examination import Finding

KINDS = tuple(HOOK_OF_KIND)
"""Kinds of plug-ins that have a contract."""


@dataclass(frozen=True)
class Checked:
    """A plug-in to check.

    Attributes:
        kind, name: of the plug-in.
        given: the instance to check; None: one with default options.
        on: the task on whose real data a model is checked, or the data set itself; None: on made-up data.
        scope: the words that were given beside the name, as they are kept; empty: none.
        options: values of the plug-in's options that were given, by name.
    """

    kind: str
    name: str
    given: Any = None
    on: Any = None
    scope: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """ "model.lstm"."""
        return f"{self.kind}.{self.name}"


def resolve(name: str) -> tuple[str, str]:
    """Kind and name of the plug-in that "lstm" or "model.lstm" refers to.

    Raises:
        UnknownNameError: there is none; lists those that exist.
        ConfigError: plug-ins of several kinds have the name.
    """
    known = {kind: registry().names(kind) for kind in KINDS}
    kind, _, bare = name.partition(".")
    if kind in KINDS and bare in known[kind]:
        return kind, bare
    kinds = [kind for kind in KINDS if name in known[kind]]
    if len(kinds) > 1:
        meant = " or ".join(f"{kind}.{name}" for kind in kinds)
        raise ConfigError(f"Several plug-ins are named '{name}': say which, {meant}.")
    if not kinds:
        every = [f"{kind}.{each}" for kind in KINDS for each in known[kind]]
        where = "the installed plug-ins (entry-point group 'harness')"
        raise UnknownNameError("task, model, target or data set", name, every, where)
    return kinds[0], name


def everything() -> list[Checked]:
    """Every installed plug-in, with its default options."""
    return [Checked(kind, name) for kind in KINDS for name in registry().names(kind)]


def asked(name: str, words: Sequence[str], data: bool) -> Checked:
    """What the words of a command mean.

    Args:
        name: of the plug-in, with or without its kind.
        words: its options, as `harness run` takes them; for a model on real data also those that choose the task.
        data: check on real data.

    Raises:
        UnknownNameError, ConfigError, PluginError: the name, a word or an option is wrong.
    """
    kind, bare = resolve(name)
    section = "task" if kind == "dataset" else kind
    allowed = (f"{section}.", *(("task=", "task.") if kind == "model" and data else ()))
    for word in words:
        if kind == "target" or not word.startswith(allowed):
            raise ConfigError(_refusal(kind, bare, word))
    names_task = any(word.startswith("task=") for word in words)
    if data and kind not in ("model", "dataset"):
        raise ConfigError(
            f"--data checks a data set on its own files, or a model on a task's data; {kind}.{bare} is neither. "
            "For the data of a task: harness check dataset.TASK.NAME --data, or, if it brings its data itself, harness "
            "data verify TASK"
        )
    if data and kind == "model" and not names_task:
        raise ConfigError(
            f"On which data is model.{bare} to be checked? Name the task: harness check {name} task=NAME --data"
        )
    scope = " ".join([*words, *(["--data"] if data else [])])
    if not scope:
        return Checked(kind, bare)
    settings = _settings(kind, bare, words)
    given = settings.task.dataset if kind == "dataset" else getattr(settings, kind)
    on = (given if kind == "dataset" else settings.task) if data else None
    own = [word for word in words if word.startswith(f"{section}.")]
    plain = settings.plain[section]
    options = {name: plain.get(name) for name in (word.partition("=")[0].partition(".")[2] for word in own)}
    if kind == "model" and own and _alike(given):
        raise ConfigError(
            f"tiny() of model '{bare}' is the same with {' '.join(own)} as without, so a check would say nothing about "
            f"it. Let tiny() keep other options: return dataclasses.replace(self, ...)"
        )
    return Checked(kind, bare, given, on, scope, options)


def _alike(given: Any) -> bool:
    """Whether the form that is checked is the one of the default options."""
    try:
        return bool(given.tiny() == type(given)().tiny())
    except Exception:  # the check itself tells what is wrong with tiny()
        return False


def _settings(kind: str, name: str, words: Sequence[str]) -> Any:
    from harness.config import compose, to_settings

    if kind == "dataset":
        task, _, bare = name.partition(".")
        return to_settings(compose([f"task={task}", f"task.dataset={bare}", *words]))
    return to_settings(compose([f"{kind}={name}", *words]))


def _refusal(kind: str, name: str, word: str) -> str:
    if kind == "target":
        return f"A target has no options, so '{word}' means nothing here: harness check target.{name}"
    section = "task" if kind == "dataset" else kind
    text = f"'{word}' is no option of {kind}.{name}: give {section}.OPTION=VALUE, as for 'harness run'."
    if kind == "model" and word.startswith("task"):
        text += f" With --data, task=NAME chooses the data: harness check {name} task=NAME --data"
    return text


def keep(checked: Checked, digest: str, found: Sequence[Finding]) -> str:
    """Write the result into the results store; why that was not possible, or an empty text.

    Args:
        checked: what was checked.
        digest: of its source, taken before the check.
        found: all findings.
    """
    from harness.contract.version import CONTRACT_VERSION
    from harness.store import Store
    from harness.store.checks import CheckRecord, record

    info = registry().info(checked.kind, checked.name)
    made = CheckRecord(
        checked.kind,
        checked.name,
        digest,
        checked.scope,
        checked.options,
        list(dict.fromkeys(f.clause for f in found if f.held is False)),
        len({f.clause for f in found if f.held is not None}),
        CONTRACT_VERSION,
        f"{info.distribution} {info.version}",
        time.time(),
    )
    try:
        with Store.open() as store:
            record(store, made)
    except StoreError as error:
        return str(error)
    return ""
