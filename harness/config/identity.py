"""What makes a run the same run: its key, and the plan that goes into the store.

The key is the SHA-256 of canonical JSON of: the resolved configuration (precision and device type included), the
seed, the plug-ins' names, versions and source digests, the engine's digest, the data's fingerprint, and the
record version. Comments, docstrings and formatting change nothing; neither do the sweep's name, the number of
threads, and how often a row is logged.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.config.settings import RunSettings
from harness.contract.dataset_task import DatasetTask
from harness.contract.task import Baseline, Task
from harness.registry import discovery, source_code
from harness.store.records import RunPlan

RECORD_VERSION = 1
"""Raised when what a finished run stores changes its meaning, so that older runs are run again."""

_ENGINE = ("contract", "config/budget.py", "config/settings.py", "nn", "targets", "training", "metrics", "data")
_NOT_IDENTITY = ("sweep", "tuning", "match", "logger", "exclusive", "limits", "precision_chosen")
_NOT_IDENTITY_TRAINER = ("threads", "log_every", "checkpoint_every_s")


def run_key(settings: RunSettings, *, compatible: bool = True) -> str:
    """64 hex digits that identify a run by content.

    Args:
        settings: the run, with its resolved configuration.
        compatible: False for a pair that cannot be run; its data is then not looked at.

    Raises:
        DataError: the data's fingerprint cannot be taken (a folder that is missing).
    """
    return _key(config_identity(settings.config), _identity(settings, compatible))


def run_plan(
    settings: RunSettings,
    *,
    compatible: bool = True,
    baseline: Baseline | None = None,
    overrides: Sequence[str] = (),
) -> RunPlan:
    """The plan of a run, or of a baseline on the same task and seed.

    Args:
        settings: the run; for a baseline its model, optimizer and budget are left out.
        compatible: as for `run_key`.
        baseline: one of `settings.task.baselines()`.
        overrides: the command line's words, to print the command that repeats the run.

    Raises:
        DataError: as `run_key`.
    """
    task = settings.task
    identity = _identity(settings, compatible)
    if baseline is None:
        config, model, kind = settings.config, settings.model.name, "model"
    else:
        config = {name: settings.config[name] for name in ("task", "seed")} | {"baseline": baseline.name}
        model, kind = f"baseline:{baseline.name}", "baseline"
        del identity["model_version"], identity["plugin_digests"]["model"]
    return RunPlan(
        key=_key(config_identity(config), identity),
        sweep=settings.sweep,
        task=task.name,
        dataset=task.dataset_name,
        model=model,
        seed=settings.seed,
        config=config,
        synthetic=task.synthetic,
        kind=kind,
        primary=_primary(task),
        units=_units(task),
        references=[
            {"metric": r.metric, "value": r.value, "system": r.system, "source": r.source}
            for r in task.references
            if r.dataset in ("", task.dataset_name)
        ],
        identity=identity,
        tuning=settings.tuning if baseline is None else {},
        command=shlex.join(["harness", "run", *overrides]) if baseline is None else "",
    )


def _key(config: dict[str, Any], identity: dict[str, Any]) -> str:
    text = json.dumps({"config": config, **identity}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _identity(settings: RunSettings, compatible: bool) -> dict[str, Any]:
    """What stands behind the key beside the configuration, as the store keeps it."""
    task, model = settings.task, settings.model
    refused = {} if compatible or not settings.config.get("match") else {"match": settings.config["match"]}
    versions, digests = {}, {}
    if isinstance(task, DatasetTask):
        name = f"{task.name}.{task.dataset.name}"
        versions["dataset_version"] = _version("dataset", name, task.dataset.version)
        digests["dataset"] = plugin_digest(discovery.registry().info("dataset", name).module)
    return (
        refused
        | versions
        | {  # a size that no width reaches has no width to tell it from another
            "task_version": _version("task", task.name, task.version),
            "model_version": _version("model", model.name, model.version),
            "engine_digest": engine_digest(),
            "plugin_digests": digests
            | {
                "task": plugin_digest(discovery.registry().info("task", task.name).module),
                "model": plugin_digest(discovery.registry().info("model", model.name).module),
            },
            "data_fingerprint": task.data_fingerprint() if compatible else None,
            "record_version": RECORD_VERSION,
        }
    )


def config_identity(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without what cannot change a result; the device by its type."""
    kept = {key: value for key, value in config.items() if key not in _NOT_IDENTITY}
    if "trainer" in kept:
        kept["trainer"] = {k: v for k, v in kept["trainer"].items() if k not in _NOT_IDENTITY_TRAINER}
        if "device" in kept["trainer"]:
            kept["trainer"]["device"] = device_type(kept["trainer"]["device"])
    return kept


def device_type(device: str) -> str:
    """What "auto" stands for on this machine; other names are returned as they are."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _version(kind: str, name: str, version: str) -> str:
    """Distribution, its version, and the version of the class."""
    info = discovery.registry().info(kind, name)
    return f"{info.distribution} {info.version}, {kind} version {version}"


def _primary(task: Task) -> dict[str, Any]:
    first = task.metrics[0]
    return {"name": first.name, "unit": first.unit, "higher_is_better": first.higher_is_better}


def _units(task: Task) -> dict[str, dict[str, Any]]:
    return {
        metric.name: {
            "unit": metric.unit,
            "higher_is_better": metric.higher_is_better,
            "signature": metric.signature,
            "description": metric.description,
        }
        for metric in task.metrics
    }


@lru_cache(maxsize=1)
def engine_digest() -> str:
    """Digest of the files under harness/ that decide results; read once per process."""
    root = Path(__file__).resolve().parent.parent
    files: list[Path] = []
    for name in _ENGINE:
        path = root / name
        files.extend(sorted(path.rglob("*.py")) if path.is_dir() else [path])
    return source_code.digest(files)


@lru_cache(maxsize=64)
def plugin_digest(module: str) -> str:
    """Digest of a plug-in's module and of what it imports from its own package; read once per process."""
    return source_code.digest(source_code.module_files(module))
