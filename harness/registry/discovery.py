"""Discovers installed plug-ins and loads those a command names.

Plug-ins are entry points of the group "harness", one for each thing they bring:

    "task.NAME" = "package.module"      a task; the module implements `harness_tasks`
    "model.NAME" = "package.module"     a model; the module implements `harness_models`
    "target.NAME" = "package.module"    a kind of answer; the module implements `harness_targets`
    "dataset.TASK.NAME" = "package.module"  a data set for a task; the module implements `harness_datasets`
    "panel.NAME" = "package.module"     a part of the report; the module implements `harness_panels`
    "config.NAME" = "package.conf"      a folder of YAML files added to the configuration's search path

Listing reads metadata and docstrings only; nothing is imported. Loading imports one module, registers it with
pluggy and checks it. Built-in plug-ins are loaded in the same way.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pluggy

from harness.contract import hookspecs
from harness.contract.version import contract_problem
from harness.errors import PluginError, UnknownNameError
from harness.registry import checks, source_code
from harness.registry.guard import contained

if TYPE_CHECKING:
    from harness.contract.dataset import Dataset
    from harness.contract.model import Model
    from harness.contract.target import Target
    from harness.contract.task import Task

GROUP = "harness"
HOOK_OF_KIND = {
    "task": "harness_tasks",
    "model": "harness_models",
    "target": "harness_targets",
    "dataset": "harness_datasets",
}
"""The hooks that return classes, by kind."""

PANELS = "harness_panels"
KINDS = (*HOOK_OF_KIND, "panel", "config")


@dataclass(frozen=True)
class PluginInfo:
    """A plug-in as described by its metadata.

    Attributes:
        name: without the kind: "translation"; of a data set with its task: "translation.multi30k".
        kind: one of `KINDS`; "unknown" for an entry point that is none of these.
        distribution, version: of its package.
        module: dotted path of the module (or of the folder, for "config").
        description: first sentence of the module's docstring; empty if it has none.
        problem: why it is unusable, as far as known without importing it; None if no problem is known.
    """

    name: str
    kind: str
    distribution: str
    version: str
    module: str
    description: str = ""
    problem: str | None = None

    @property
    def label(self) -> str:
        """For messages: "plug-in 'model.lstm' of distribution 'sequence-harness' 0.1.0"."""
        entry = self.name if self.kind == "unknown" else f"{self.kind}.{self.name}"
        return f"plug-in '{entry}' of distribution '{self.distribution}' {self.version}"


class Registry:
    """The plug-ins of this Python environment; entry points are read once, on first use."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._infos: list[PluginInfo] | None = None
        self._classes: dict[tuple[str, str], type] = {}
        self._panels: dict[str, Callable[[Any], list[Any]]] = {}

    # -- listing --------------------------------------------------------------------------------------

    def infos(self) -> list[PluginInfo]:
        """Every entry point of the group, sorted by kind and name, without descriptions. Imports nothing."""
        if self._infos is None:
            self._infos = sorted(_read_entry_points(), key=lambda i: (i.kind, i.name, i.distribution))
        return self._infos

    def names(self, kind: str) -> list[str]:
        """Names of one kind, sorted, without duplicates."""
        return sorted({info.name for info in self.infos() if info.kind == kind})

    def dataset_names(self, task: str) -> list[str]:
        """Names of the data sets for a task, as users type them, sorted."""
        found = (name.partition(".") for name in self.names("dataset"))
        return [name for owner, _, name in found if owner == task]

    def list_plugins(self, kind: str) -> list[PluginInfo]:
        """Plug-ins of one kind with their descriptions and known problems; a duplicate is listed twice."""
        listed = []
        for info in self.infos():
            if info.kind == kind:
                problem = info.problem or self._duplicate_problem(info) or _static_problem(info)
                text = source_code.description(info.module)
                listed.append(dataclasses.replace(info, description=text, problem=problem))
        return listed

    def info(self, kind: str, name: str) -> PluginInfo:
        """The one plug-in of that kind and name.

        Raises:
            UnknownNameError: there is none; the message lists those that exist.
            PluginError: two distributions provide it; the message names both.
        """
        found = [info for info in self.infos() if info.kind == kind and info.name == name]
        if not found:
            where = "the installed plug-ins (entry-point group 'harness')"
            raise UnknownNameError(kind, name, self.names(kind), where)
        problem = self._duplicate_problem(found[0])
        if problem:
            raise PluginError(problem)
        return found[0]

    def _duplicate_problem(self, info: PluginInfo) -> str | None:
        same = [other for other in self.infos() if (other.kind, other.name) == (info.kind, info.name)]
        if len(same) < 2:
            return None
        owners = " and ".join(f"'{other.distribution}' {other.version} ({other.module})" for other in same)
        return (
            f"Two plug-ins have the name '{info.kind}.{info.name}': {owners}. "
            "Uninstall one of the distributions, or rename its entry point and class."
        )

    # -- loading --------------------------------------------------------------------------------------

    def load(self, kind: str, name: str) -> type:
        """Import the one plug-in of that kind and name, check it, and return its class.

        Raises:
            UnknownNameError, PluginError: as `info`.
            PluginError: the plug-in was written for another version of the contract, the module cannot be imported,
                hooks are misspelt or have wrong arguments, or a class breaks the contract.
        """
        if (kind, name) not in self._classes:
            info = self.info(kind, name)
            module = self._import(info)
            self._register(info, module)
            self._classes[kind, name] = self._class(info, module)
        return self._classes[kind, name]

    def load_panel(self, name: str) -> Callable[[Any], list[Any]]:
        """Import the one plug-in with the panel of that name, and return the function that makes it.

        Raises:
            UnknownNameError, PluginError: as `load`.
        """
        if name not in self._panels:
            info = self.info("panel", name)
            module = self._import(info)
            self._register(info, module)
            answers = self._answers(info, module, PANELS, "a dict of functions by name")
            if not all(isinstance(answer, Mapping) for answer in answers):
                raise PluginError(f"The {info.label}: {PANELS}() must return a dict of functions by name.")
            makers = {key: make for answer in answers for key, make in answer.items()}
            if not callable(makers.get(name)):
                brought = ", ".join(f"'{key}'" for key in makers) or "nothing"
                raise PluginError(
                    f"The {info.label} should provide a function for panel '{name}', but {PANELS}() provides "
                    f"{brought}. Change the entry point or the key, so that they match."
                )
            self._panels[name] = makers[name]
        return self._panels[name]

    def _import(self, info: PluginInfo) -> ModuleType:
        problem = _contract_problem(info)
        if problem:
            raise PluginError(f"The {info.label} cannot be used: {problem}.")
        try:
            with contained(info.label, "was imported"):
                return importlib.import_module(info.module)
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"The {info.label} cannot be imported: {type(error).__name__}: {error} "
                f"(module '{info.module}'). Fix or reinstall it; other plug-ins are not affected."
            ) from error

    def _register(self, info: PluginInfo, module: ModuleType) -> None:
        if self._manager.is_registered(module):
            return
        checks.check_hook_names(info.label, module)
        try:
            self._manager.register(module)
        except (pluggy.PluginValidationError, TypeError) as error:
            if self._manager.is_registered(module):
                self._manager.unregister(module)
            raise PluginError(f"The {info.label} has a hook with wrong arguments: {error}") from error

    def _answers(self, info: PluginInfo, module: ModuleType, hook: str, returning: str) -> list[Any]:
        """What a module's hook returns; `returning` says what that should be."""
        others = [plugin for plugin in self._manager.get_plugins() if plugin is not module]
        try:
            with contained(info.label, f"answered {hook}()"):
                answers: list[Any] = self._manager.subset_hook_caller(hook, others)()
        except Exception as error:
            raise PluginError(f"The {info.label}: {hook}() failed: {type(error).__name__}: {error}") from error
        if not answers:
            raise PluginError(
                f"The {info.label} has no hook {hook}(). Its module '{info.module}' needs a function "
                f"'{hook}', marked with @harness.hookimpl, that returns {returning}."
            )
        return answers

    def _class(self, info: PluginInfo, module: ModuleType) -> type:
        hook = HOOK_OF_KIND[info.kind]
        answers = self._answers(info, module, hook, "a list of classes")
        if not all(isinstance(answer, list | tuple) for answer in answers):
            raise PluginError(f"The {info.label}: {hook}() must return a list of classes.")
        classes = [cls for answer in answers for cls in answer]
        for cls in classes:
            checks.check_class(info.label, info.kind, cls)
        names = [checks.name_of(info.kind, cls) for cls in classes]
        unknown = sorted(set(names) - set(self.names(info.kind)))
        if unknown:
            raise PluginError(
                f"The {info.label}: {hook}() provides {info.kind} '{unknown[0]}', but there is no entry point "
                f"'{info.kind}.{unknown[0]}'. The entry point and {checks.named_by(info.kind)} must match."
            )
        if info.name in names:
            return cast(type, classes[names.index(info.name)])
        brought = ", ".join(f"'{name}'" for name in names) or "nothing"
        raise PluginError(
            f"The {info.label} should provide a {info.kind} named '{info.name}', but {hook}() provides {brought}. "
            f"Change the entry point, or {checks.named_by(info.kind)}, so that they match."
        )


def _read_entry_points() -> Iterator[PluginInfo]:
    for entry in metadata.entry_points(group=GROUP):
        kind, _, name = entry.name.partition(".")
        distribution = entry.dist.name if entry.dist else "unknown"
        version = entry.dist.version if entry.dist else "unknown"
        if kind in KINDS and name and ("." in name) is (kind == "dataset"):
            yield PluginInfo(name, kind, distribution, version, entry.module)
        else:
            problem = f"its entry point must be named KIND.NAME, where KIND is one of {', '.join(KINDS)}"
            if kind == "dataset":
                problem = "its entry point must be named dataset.TASK.NAME"
            yield PluginInfo(entry.name, "unknown", distribution, version, entry.module, problem=problem)


def _static_problem(info: PluginInfo) -> str | None:
    """Problems visible from files alone: a missing module or folder, an unsupported contract version."""
    if info.kind == "config":
        found = source_code.find_folder(info.module)
        return None if found and found.is_dir() else f"the folder of '{info.module}' does not exist"
    found = source_code.find_source(info.module)
    return _contract_problem(info) if found else f"the module '{info.module}' does not exist"


def _contract_problem(info: PluginInfo) -> str | None:
    return contract_problem(source_code.stated_contract(info.module))


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The registry of this process; after `registry.cache_clear()` entry points are read again."""
    return Registry()


def list_plugins(kind: str) -> list[PluginInfo]:
    """Plug-ins of a kind (one of `KINDS`, or "unknown"), sorted by name; imports none of them."""
    return registry().list_plugins(kind)


def load_task(name: str) -> type[Task]:
    """The task class of that name; imports its plug-in and no other. Raises like `Registry.load`."""
    return cast("type[Task]", registry().load("task", name))


def load_model(name: str) -> type[Model]:
    """The model class of that name; imports its plug-in and no other. Raises like `Registry.load`."""
    return cast("type[Model]", registry().load("model", name))


def load_target(name: str) -> type[Target]:
    """The target class of that name; imports its plug-in and no other. Raises as `Registry.load`."""
    return cast("type[Target]", registry().load("target", name))


def load_dataset(task: str, name: str) -> type[Dataset]:
    """The class of a task's data set; imports the plug-ins of both and no other.

    Raises:
        UnknownNameError: the task has no data set of that name; lists those that exist.
        PluginError: as `Registry.load`; or it does not derive from the base class of the task's data sets.
    """
    known = registry().dataset_names(task)
    if name not in known:
        where = f"the installed plug-ins (entry points 'dataset.{task}.NAME')"
        raise UnknownNameError(f"data set of task '{task}'", name, known, where)
    info = registry().info("dataset", f"{task}.{name}")
    base = getattr(load_task(task), "dataset_type", None)
    if base is None:
        raise PluginError(f"The {info.label} cannot be used: task '{task}' brings its data itself.")
    cls = registry().load("dataset", info.name)
    if not issubclass(cls, base):
        raise PluginError(
            f"The {info.label}: class {cls.__name__} must derive from {base.__module__}.{base.__qualname__}, "
            f"the base class of data sets for task '{task}'."
        )
    return cast("type[Dataset]", cls)
