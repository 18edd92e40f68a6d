"""From a command line to one typed run: `compose`, then `to_settings`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from harness.config import messages
from harness.config.budget import Budget
from harness.config.loader import LayeredLoader, make_loader
from harness.config.loggers import check_loggers
from harness.config.matching import Match
from harness.config.schema import AT_LEAST_ONE, CHOICES, GROUPS, LOGGERS, SHORT
from harness.config.settings import DecodingSettings, OptimizerSettings, RunSettings, TrainerSettings, check_softmax
from harness.config.task_options import DATASET, options_class, to_task
from harness.errors import ConfigError, PluginError, UserError
from harness.registry.discovery import load_model, load_task

if TYPE_CHECKING:
    from harness.contract.task import Task

CONFIG = "config"
_TRANSIENT = ("grid", "per_task", "per_model")
_ABSENT_UNLESS_SET = ("match", "logger")  # so that runs stored before there were such options compare as equal


@lru_cache(maxsize=1)
def loader() -> LayeredLoader:
    """The loader of this process; `loader.cache_clear()` makes the next call look at the folders anew."""
    return make_loader()


def compose(overrides: Sequence[str] = ()) -> DictConfig:
    """The resolved configuration of one run.

    Args:
        overrides: as on the command line: "task=translation", "optimizer.lr=1e-3".

    Returns:
        The typed configuration, with `sweep` filled in and `tuned` reduced to this cell's entry.

    Raises:
        ConfigError: an option or a value is wrong. UnknownNameError: a choice does not exist.
        PluginError: the plug-in named cannot be used.
    """
    overrides = spelled_out(overrides)
    try:
        config, experiment = loader().compose(CONFIG, overrides)
    except HydraException as error:
        raise messages.from_hydra(error, _without_values(overrides)) from error
    except ValueError as error:  # Hydra's own, for a choice that is no name: optimizer=3
        raise ConfigError(f"The options are not understood: {error}") from error
    with open_dict(config):
        config.sweep = config.sweep or experiment or "default"
        for name in _TRANSIENT:
            del config[name]
    check(config)
    return config


def experiment_grid(overrides: Sequence[str]) -> dict[str, Any]:
    """The `grid` of the experiment that the overrides choose; empty where there is none.

    Raises:
        UnknownNameError: there is no such experiment.
    """
    try:
        return loader().experiment_grid(CONFIG, list(overrides))
    except HydraException as error:
        raise messages.from_hydra(error, None) from error


def parse(overrides: Sequence[str]) -> list[Override]:
    """The overrides as Hydra's grammar reads them.

    Raises:
        ConfigError: a word is no NAME=VALUE, or adds or deletes options.
    """
    overrides = spelled_out(overrides)
    try:
        return OverridesParser.create(config_loader=loader()).parse_overrides(overrides)
    except HydraException as error:
        raise messages.from_hydra(error, None) from error


def spelled_out(overrides: Sequence[str]) -> list[str]:
    """The words with every option by its full name: precision=bf16 is trainer.precision=bf16.

    Raises:
        ConfigError: as `parse`.
    """
    words = []
    for word in overrides:
        if word.startswith(("+", "~")):
            raise ConfigError(f"'{word}' adds or removes an option; options can only be set: NAME=VALUE.")
        if "=" not in word:
            raise ConfigError(f"'{word}' is not understood: write NAME=VALUE, as in 'task=translation'.")
        name, _, value = word.partition("=")
        words.append(f"{SHORT[name]}={value}" if name in SHORT else word)
    return words


def options_of(group: str) -> list[str]:
    """Names that exist for a group ("task", "optimizer", "experiment"); imports no plug-in."""
    return loader().get_group_options(group, ObjectType.CONFIG)


def check(config: DictConfig) -> None:
    """Values that types cannot check.

    Raises:
        ConfigError: the message names the option, the value, and what would be right.
    """
    for kind in ("task", "model"):
        if not hasattr(OmegaConf.get_type(config, kind), "name"):
            raise ConfigError(f"No {kind} is chosen; write {kind}=NAME with one of: {', '.join(options_of(kind))}.")
    for key, allowed in CHOICES.items():
        value = OmegaConf.select(config, key)
        if value is not None and value not in allowed:
            raise ConfigError(f"{key}={value!r} does not exist; choose one of: {', '.join(allowed)}.")
    for key in AT_LEAST_ONE:
        value = OmegaConf.select(config, key)
        if value is not None and value < 1:
            raise ConfigError(f"{key}={value} must be 1 or more.")
    Budget.parse(config.budget)
    if config.target is not None:
        metric, _, value = config.target.partition(":")
        if not metric or not _is_number(value):
            raise ConfigError(f"target={config.target!r} is not understood: write METRIC:VALUE, as in bleu:20.")
    if config.match is not None:
        Match.parse(config.match)
    check_loggers(_logger_names(config))


def _logger_names(config: DictConfig) -> list[str]:
    """The loggers chosen, each once.

    Raises:
        ConfigError: one does not exist.
    """
    given = OmegaConf.to_container(config.logger) if OmegaConf.is_config(config.logger) else config.logger
    names = given if isinstance(given, list) else [] if given is None else [given]
    for name in names:
        if name not in LOGGERS:
            raise ConfigError(
                f"logger={given!r} is not understood: choose of {', '.join(LOGGERS)}; several as a list: "
                f"logger=[{','.join(LOGGERS[:2])}]; null for none."
            )
    return list(dict.fromkeys(names))


def to_settings(config: DictConfig) -> RunSettings:
    """The typed objects behind a composed configuration.

    Raises:
        ConfigError: a task, a model or a metric name refuses its values.
    """
    values = {kind: _to_object(config, kind) for kind in ("task", "model", "optimizer", "trainer", "decoding")}
    _check_target(config.target, values["task"])
    check_softmax(values["task"].target_type, values["trainer"], values["optimizer"])
    entry = OmegaConf.to_container(config.tuned, resolve=True) if config.tuned else {}
    tuning = _tuning(cast(dict[str, Any], entry), config)
    settings = RunSettings(
        task=values["task"],
        model=values["model"],
        optimizer=values["optimizer"],
        trainer=values["trainer"],
        decoding=values["decoding"],
        seed=config.seed,
        budget=config.budget,
        target=config.target,
        sweep=config.sweep,
        tuning=tuning,
        exclusive=config.exclusive,
    )
    settings.config = _plain_config(config, settings)
    return settings


def settings_from_plain(plain: dict[str, Any]) -> RunSettings:
    """Settings from `RunSettings.config`, as the store and a run's folder hold it; needs no conf folder.

    Raises:
        ConfigError: the plug-in's fields have changed since, or a value does not fit.
    """
    classes: dict[str, type[Any]] = {
        "task": load_task(plain["task"]["name"]),
        "model": load_model(plain["model"]["name"]),
    }
    config = OmegaConf.create()
    config.task = OmegaConf.structured(options_class(classes["task"], plain["task"].get("dataset")))
    config.model = OmegaConf.structured(classes["model"])
    for kind, settings in (
        ("optimizer", OptimizerSettings),
        ("trainer", TrainerSettings),
        ("decoding", DecodingSettings),
    ):
        config[kind] = OmegaConf.structured(settings)
    fields = {kind: dict(plain[kind]) for kind in ("task", "model", "optimizer", "trainer", "decoding")}
    for kind in classes:
        del fields[kind]["name"]
    try:
        config.merge_with(fields)
    except OmegaConfBaseException as error:
        raise messages.from_omegaconf(error, config, " (in the stored configuration)") from error
    objects = {kind: _to_object(config, kind) for kind in fields}
    rest = {key: plain[key] for key in ("seed", "budget", "target", "sweep", "tuning")}
    return RunSettings(**objects, **rest, config=plain)


def _to_object(config: DictConfig, key: str) -> Any:
    try:
        return to_task(OmegaConf.to_object(config[key]))
    except (UserError, PluginError):
        raise
    except OmegaConfBaseException as error:
        raise messages.from_omegaconf(error, config) from error
    except (ValueError, TypeError) as error:
        name = getattr(OmegaConf.get_type(config, key), "name", "")
        raise ConfigError(f"The {key} '{name}' refuses its options: {error}") from error


def _check_target(target: str | None, task: Task) -> None:
    if target is not None:
        known = [metric.name for metric in task.metrics]
        given = target.partition(":")[0]
        if given not in known and given != "loss":
            raise ConfigError(
                f"target={target!r}: task '{task.name}' has no metric '{given}', only {', '.join(known)}."
            )


def _tuning(entry: dict[str, Any], config: DictConfig) -> dict[str, float]:
    """Trials and hours of the search, if its values are still the ones in force."""
    for section in ("optimizer", "model"):
        for key, value in entry.get(section, {}).items():
            if OmegaConf.select(config, f"{section}.{key}") != value:
                return {}
    return {key: float(entry[key]) for key in ("trials", "hours") if key in entry}


def _plain_config(config: DictConfig, settings: RunSettings) -> dict[str, Any]:
    """Plain JSON data; plug-ins are named inside their own section."""
    plain = _plain(OmegaConf.to_container(config, resolve=True, enum_to_str=True))
    plain["task"] = {"name": settings.task.name, **plain["task"]}
    plain["model"] = {"name": settings.model.name, **plain["model"]}
    del plain["tuned"], plain["baselines"], plain["exclusive"], plain["limits"], plain["launcher"]
    plain["logger"] = _logger_names(config)
    for name in _ABSENT_UNLESS_SET:
        if not plain[name]:
            del plain[name]
    plain["tuning"] = settings.tuning
    return cast(dict[str, Any], plain)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    return value.name if isinstance(value, Enum) else value


def _without_values(overrides: Iterable[str]) -> DictConfig | None:
    """The configuration that the choices alone give, to list what exists beside a mistyped option."""
    chosen = [word for word in overrides if word.partition("=")[0] in (*GROUPS, DATASET)]
    try:
        return loader().compose(CONFIG, chosen)[0]
    except (HydraException, UserError):
        return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
