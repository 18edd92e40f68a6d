"""The identity of a run: its key, and the plan that is recorded in the store.

The key is the SHA-256 of canonical JSON of: the resolved configuration (precision and device type included), the
seed, the plug-ins' names, versions and source digests, the engine's digest, the fingerprints of the data and of the
files that the model reads, and the record version. Comments, docstrings and formatting change nothing; neither do the
sweep's name, the number of threads, and how often a row is logged.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from harness.config.lightning import parts_of
from harness.config.plain import canonical
from harness.config.schema import meaning_of
from harness.config.settings import RunSettings, plain_section
from harness.contract.dataset_task import DatasetTask
from harness.contract.task import Baseline, Reference, Task
from harness.errors import ConfigError
from harness.registry import discovery
from harness.registry.engine_code import engine_digest, plugin_digest
from harness.store.records import RunPlan

if TYPE_CHECKING:
    from harness.contract.model import Model

RECORD_VERSION = 2
"""Incremented when the meaning of stored results changes, so that older runs are run again."""

_NAMED = ("task", "model")


def run_key(settings: RunSettings, *, compatible: bool = True) -> str:
    """64 hex digits that identify a run by content.

    Args:
        settings: the run.
        compatible: False for a pair that cannot run; its data is then not read.

    Raises:
        DataError: the data's fingerprint cannot be taken (a folder that is missing).
    """
    return run_plan(settings, compatible=compatible).key


def run_plan(
    settings: RunSettings,
    *,
    compatible: bool = True,
    baseline: Baseline | None = None,
    overrides: Sequence[str] = (),
) -> RunPlan:
    """The plan of one run; see `Planner.plan`."""
    return Planner().plan(settings, compatible=compatible, baseline=baseline, overrides=overrides)


def config_identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """A stored configuration without the options that are declared unable to change a result."""
    return {name: part for name, value in config.items() if (part := _in_key(name, value)) is not _OUT}


class Planner:
    """Makes plans, and computes once what many runs share: sections, digests, fingerprints, metrics.

    Parts of the settings are compared by object identity, so they must not change between two plans.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Any] = {}
        self._kept: list[Any] = []  # keeps the objects alive: the id of a deleted one could be reused

    def plan(
        self,
        settings: RunSettings,
        *,
        compatible: bool = True,
        baseline: Baseline | None = None,
        overrides: Sequence[str] = (),
    ) -> RunPlan:
        """The plan of a run, or of a baseline on the same task and seed.

        Args:
            settings: the run; for a baseline its model, optimizer and budget are left out.
            compatible: False for a pair that cannot run; its data is then not read.
            baseline: one of `settings.task.baselines()`.
            overrides: the command line's words, to print the command that repeats the run.

        Raises:
            DataError: the data's fingerprint cannot be taken.
            ConfigError: the precision is still to be chosen.
        """
        task = settings.task
        parts = self._parts(settings)
        if settings.trainer.precision == "auto":
            raise ConfigError(
                "precision=auto is decided before a run is planned: use harness run, or name a precision."
            )
        if baseline is None:
            model, kind = settings.model.name, "model"
            identity, text = self._of_pair(settings, compatible)
        else:
            parts = {name: parts[name] for name in ("task", "seed")} | {"baseline": _part("baseline", baseline.name)}
            model, kind = f"baseline:{baseline.name}", "baseline"
            identity, text = self._once(("baseline", task), lambda: _with_text(_of_task(task)))
        inside = ",".join(f"{canonical(name)}:{part[1]}" for name, part in sorted(parts.items()) if part[1])
        primary, units, references = self._once(("facts", task), lambda: _facts(task))
        return RunPlan(
            key=hashlib.sha256(f'{{"config":{{{inside}}},{text[1:]}'.encode()).hexdigest(),
            sweep=settings.sweep,
            task=task.name,
            dataset=task.dataset_name,
            model=model,
            seed=settings.seed,
            config={name: part[0] for name, part in parts.items()},
            synthetic=task.synthetic,
            kind=kind,
            primary=primary,
            units=units,
            references=references,
            identity=identity,
            tuning=dict(settings.tuning) if baseline is None else {},
            command=shlex.join(["harness", "run", *overrides]) if baseline is None else "",
        )

    def _parts(self, settings: RunSettings) -> dict[str, tuple[Any, str]]:
        """By name, each part of the settings as plain data and as it enters the key (empty: not at all)."""
        parts = {}
        for name in (*_NAMED, *(item.name for item in fields(settings) if item.name not in _NAMED)):
            value = getattr(settings, name)
            if isinstance(value, int | float | str | bool | None):
                parts[name] = _part(name, value)
            else:
                parts[name] = self._once((name, value), lambda v=value, n=name: _part(n, plain_section(n, v)))
        return parts

    def _of_pair(self, settings: RunSettings, compatible: bool) -> tuple[dict[str, Any], str]:
        task, model = settings.task, settings.model
        # Without a hidden size that satisfies it, only `match` itself tells such a plan from another.
        refused = {} if compatible or not settings.asked.match else {"match": settings.asked.match}
        modules = _own_callbacks(settings)
        of_task = self._once(("task", task, compatible), lambda: _of_task(task, compatible))

        def made() -> tuple[dict[str, Any], str]:
            return _with_text(refused | _of_pair(of_task, model, compatible, modules))

        return self._once(("pair", task, model, compatible, *modules, *refused.values()), made)

    def _once(self, about: tuple[Any, ...], make: Any) -> Any:
        """The result of `make`, computed once for the same objects."""
        key = tuple(part if isinstance(part, str | bool) else id(part) for part in about)
        if key not in self._made:
            self._kept.append(about)
            self._made[key] = make()
        return self._made[key]


def _part(name: str, plain: Any) -> tuple[Any, str]:
    kept = _in_key(name, plain)
    return plain, "" if kept is _OUT else canonical(kept)


_OUT = object()


def _in_key(name: str, value: Any) -> Any:
    """The part of a value that is in the key; `_OUT` where nothing of it is."""
    if not meaning_of(name).in_key:
        return _OUT
    if not isinstance(value, Mapping) or not value:
        return value
    kept = {
        inner: part for inner, content in value.items() if (part := _in_key(f"{name}.{inner}", content)) is not _OUT
    }
    return kept or _OUT


def _with_text(identity: dict[str, Any]) -> tuple[dict[str, Any], str]:
    return identity, canonical(identity)


def _of_task(task: Task, compatible: bool = True) -> dict[str, Any]:
    """The part of an identity, besides the configuration, that depends on the task alone."""
    digests = {
        "task": plugin_digest(discovery.registry().info("task", task.name).module),
        "target": plugin_digest(task.target_type.__module__),
    }
    versions = {}
    if isinstance(task, DatasetTask):
        name = f"{task.name}.{task.dataset.name}"
        versions["dataset_version"] = _version("dataset", name, task.dataset.version)
        digests["dataset"] = plugin_digest(discovery.registry().info("dataset", name).module)
    return {
        "task_version": _version("task", task.name, task.version),
        **versions,
        "engine_digest": engine_digest(),
        "plugin_digests": digests,
        "target": task.target_type.name,
        "data_fingerprint": task.data_fingerprint() if compatible else None,
        "record_version": RECORD_VERSION,
    }


def _of_pair(of_task: dict[str, Any], model: Model, compatible: bool, modules: Mapping[str, str]) -> dict[str, Any]:
    """The identity besides the configuration, as stored."""
    digest = plugin_digest(discovery.registry().info("model", model.name).module)
    return {
        **of_task,
        "model_version": _version("model", model.name, model.version),
        "plugin_digests": {
            **of_task["plugin_digests"],
            "model": digest,
            **{name: plugin_digest(module) for name, module in modules.items()},
        },
        "model_fingerprint": model_fingerprint(model) if compatible else None,
    }


def _own_callbacks(settings: RunSettings) -> dict[str, str]:
    """Modules of the user's callbacks by name; Lightning's own come with its version, which the environment states."""
    parts = parts_of(settings.trainer.callbacks, "trainer.callbacks")
    return {part.name: part.module for part in parts if part.module}


def model_fingerprint(model: Model) -> str | None:
    """Digest of the contents of the files that a model reads; None for one that reads none.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    parts = [source.fingerprint() for source in model.sources()]
    return hashlib.sha256(canonical(parts).encode()).hexdigest() if parts else None


def _version(kind: str, name: str, version: str) -> str:
    """Distribution, its version, and the version of the class."""
    info = discovery.registry().info(kind, name)
    return f"{info.distribution} {info.version}, {kind} version {version}"


def _facts(task: Task) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """The primary metric, every metric by name, and the published figures of the task's data set."""
    first = task.metrics[0]
    units = {
        metric.name: {
            "unit": metric.unit,
            "higher_is_better": metric.higher_is_better,
            "signature": metric.signature,
            "description": metric.description,
            "margin": metric.margin,
        }
        for metric in task.metrics
    }
    references = [_published(r) for r in task.references if r.dataset in ("", task.dataset_name)]
    primary = {"name": first.name, "unit": first.unit, "higher_is_better": first.higher_is_better}
    return primary, units, references


def _published(reference: Reference) -> dict[str, Any]:
    """A published figure for the store: what every figure has, and what is said beyond that."""
    told = {f.name: getattr(reference, f.name) for f in fields(Reference)}
    told["options"] = dict(reference.options)
    always = ("metric", "value", "system", "source")
    return {name: value for name, value in told.items() if name in always or value != _UNSAID.get(name)}


_UNSAID = {f.name: f.default for f in fields(Reference)} | {"options": {}}
