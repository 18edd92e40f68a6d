"""From a composed configuration, or from a stored one, to the typed settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from harness.config import checks, messages
from harness.config.composition import plain_value
from harness.config.lightning import check_lightning
from harness.config.loader import writable
from harness.config.path_options import structured
from harness.config.plain import as_plain
from harness.config.quoting import without_interpolations
from harness.config.run_options import Asked, DecodingSettings, OptimizerSettings, RunOptions, TrainerSettings
from harness.config.schema import LimitOptions, SweepOptions
from harness.config.settings import RunSettings, check_softmax
from harness.config.task_options import options_class, to_task
from harness.errors import ConfigError, PluginError, UserError
from harness.registry.discovery import load_model, load_task

SECTIONS = ("task", "model", "optimizer", "trainer", "decoding")

_TYPES = {"optimizer": OptimizerSettings, "trainer": TrainerSettings, "decoding": DecodingSettings, "asked": Asked}


def to_settings(config: DictConfig, *, threads: int | None = None) -> RunSettings:
    """The run behind a composed configuration; `match` and `precision=auto` are not resolved yet.

    Args:
        config: from `compose`.
        threads: intra-op threads of a run that does not set them; None: decided where it runs.

    Raises:
        ConfigError: a task, a model or a metric name refuses its values.
    """
    objects = {kind: to_object(config, kind) for kind in SECTIONS}
    tuned: Any = OmegaConf.to_container(config.tuned, resolve=True) if config.tuned else {}
    return assemble(
        objects,
        {name: config[name] for name in (*run_values(), "match")},
        loggers=checks.loggers(plain_value(config, "logger")),
        tuned=tuned,
        threads=threads,
    )


@cache
def run_values() -> tuple[str, ...]:
    """Names of a run's plain values at the root, except its loggers."""
    return tuple(f.name for f in fields(RunOptions) if f.name not in (*SECTIONS, "logger"))


def sweep_options(config: DictConfig) -> SweepOptions:
    """The options of a composed configuration that only a sweep reads."""
    limits = LimitOptions(config.limits.time, config.limits.memory)
    return SweepOptions(baselines=config.baselines, limits=limits, launcher=config.launcher)


def assemble(
    objects: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    loggers: tuple[Any, ...],
    tuned: Mapping[str, Any],
    threads: int | None,
) -> RunSettings:
    """A run from its parts.

    Args:
        objects: the sections by name.
        values: those of `run_values`, and "match".
        loggers: those chosen.
        tuned: the cell's entry in the table of searched defaults.
        threads: as for `to_settings`.

    Raises:
        ConfigError: parts that do not go together.
    """
    task, trainer = objects["task"], objects["trainer"]
    checks.check_task(task)
    checks.check_target(values["target"], task)
    check_softmax(task.target_type, trainer, objects["optimizer"])
    check_lightning(trainer)
    rest = dict(values)
    asked = Asked(match=rest.pop("match"), precision=trainer.precision, device=trainer.device, threads=trainer.threads)
    if trainer.device == "auto" or (trainer.threads is None and threads is not None):
        trainer = replace(trainer, device=device_type(trainer.device), threads=trainer.threads or threads)
    tuning = tuning_in_force(tuned, objects)
    return RunSettings(**{**objects, "trainer": trainer}, **rest, logger=loggers, tuning=tuning, asked=asked)


def settings_from_plain(plain: Mapping[str, Any]) -> RunSettings:
    """Settings from `RunSettings.plain`, as the store and a run's folder hold it; needs no conf folder.

    Raises:
        ConfigError: the plug-in's fields have changed since, or a value does not fit.
    """
    config = OmegaConf.create()
    task = options_class(load_task(plain["task"]["name"]), plain["task"].get("dataset"))
    types: dict[str, type[Any]] = {"task": task, "model": load_model(plain["model"]["name"]), **_TYPES}
    for kind, cls in types.items():
        config[kind] = writable(structured(cls))
    fields = {kind: _literal(dict(plain[kind])) for kind in types}
    for kind in ("task", "model"):
        del fields[kind]["name"]
    try:
        config.merge_with(fields)
    except OmegaConfBaseException as error:
        raise messages.from_omegaconf(error, config, " (in the stored configuration)") from error
    objects = {kind: to_object(config, kind) for kind in fields}
    rest = {name: plain[name] for name in (*run_values(), "tuning")}
    return RunSettings(**objects, **rest, logger=tuple(plain["logger"]))


def _literal(value: Any) -> Any:
    """Plain data in which OmegaConf finds neither interpolations nor missing values."""
    if isinstance(value, dict):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_literal(inner) for inner in value]
    if value == "???":  # a path of that name; no other option can have this value
        return "./???"
    return without_interpolations(value) if isinstance(value, str) else value


def to_object(config: DictConfig, key: str) -> Any:
    """A section of a configuration as the object that it describes.

    Raises:
        ConfigError: the plug-in refuses its options.
    """
    try:
        return to_task(OmegaConf.to_object(config[key]))
    except (UserError, PluginError):
        raise
    except OmegaConfBaseException as error:
        raise messages.from_omegaconf(error, config) from error
    except (ValueError, TypeError) as error:
        name = getattr(OmegaConf.get_type(config, key), "name", "")
        raise ConfigError(f"The {key} '{name}' refuses its options: {error}") from error


def tuning_in_force(entry: Mapping[str, Any], objects: Mapping[str, Any]) -> dict[str, float]:
    """Trials and hours of the search for defaults, if the values that it found are still the ones in force."""
    for section in ("optimizer", "model"):
        for key, value in entry.get(section, {}).items():
            if as_plain(getattr(objects[section], key, None)) != value:
                return {}
    return {key: float(entry[key]) for key in ("trials", "hours") if key in entry}


def device_type(device: str) -> str:
    """What "auto" stands for on this machine; other names are returned as they are."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
