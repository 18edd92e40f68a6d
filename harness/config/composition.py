"""From a command line to one composed configuration, in Hydra's grammar; `harness.config.typed` makes it a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from harness.config import checks, messages
from harness.config.grids import Grids
from harness.config.lightning import LightningSettings, check_lightning
from harness.config.loader import LayeredLoader, make_loader
from harness.config.schema import gone_after_composition, groups, short_names
from harness.config.task_options import DATASET
from harness.errors import ConfigError, UserError

CONFIG = "config"


@lru_cache(maxsize=1)
def loader() -> LayeredLoader:
    """The loader of this process; `loader.cache_clear()` makes the next call read the folders again."""
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
    try:
        OmegaConf.to_container(config, resolve=True)  # whatever refers to something must find it
        check(finished(config, experiment))
    except OmegaConfBaseException as error:
        raise messages.from_omegaconf(error, config) from error
    return config


def finished(config: DictConfig, experiment: str | None) -> DictConfig:
    """Fill in the name of the sweep and remove what only composition needs; modifies the configuration."""
    with open_dict(config):
        config.sweep = config.sweep or experiment or "default"
        for name in gone_after_composition():
            del config[name]
    return config


def experiment_grids(overrides: Sequence[str]) -> Grids:
    """The grids of the experiment that the overrides choose; empty where there is none.

    Raises:
        UnknownNameError: there is no such experiment.
    """
    try:
        return loader().experiment_grids(CONFIG, list(overrides))
    except HydraException as error:
        raise messages.from_hydra(error, None) from error


def parse(overrides: Sequence[str]) -> list[Override]:
    """The overrides as Hydra's grammar reads them.

    Raises:
        ConfigError: a word is not NAME=VALUE, or adds or deletes options.
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
        if "=" not in word or not word.partition("=")[0].strip():
            raise ConfigError(f"'{word}' is not understood: write NAME=VALUE, as in 'task=translation'.")
        name, _, value = word.partition("=")
        words.append(f"{short_names()[name]}={value}" if name in short_names() else word)
    return words


def options_of(group: str) -> list[str]:
    """Names that exist for a group ("task", "optimizer", "experiment"); imports no plug-in."""
    return loader().get_group_options(group, ObjectType.CONFIG)


def check(config: DictConfig) -> None:
    """Check what types cannot express.

    Raises:
        ConfigError: the message names the option, the value, and what would be right.
    """
    for kind in ("task", "model"):
        if not hasattr(OmegaConf.get_type(config, kind), "name"):
            raise ConfigError(f"No {kind} is chosen; write {kind}=NAME with one of: {', '.join(options_of(kind))}.")
    for name in sorted(OmegaConf.missing_keys(config)):
        if not name.startswith(("task.", "model.")):  # what a plug-in wants is told by whoever makes it
            raise ConfigError(f"{name} has no value: write {name}=VALUE.")
    checks.check_section("", config.get)
    for section in ("optimizer", "trainer", "decoding"):
        checks.check_section(section, config[section].get)
    checks.check_words(config.budget, config.target, config.match)
    checks.loggers(plain_value(config, "logger"))
    named = {field.name: plain_value(config, f"trainer.{field.name}") for field in fields(LightningSettings)}
    check_lightning(LightningSettings(**named))


def plain_value(config: DictConfig, option: str) -> Any:
    """The value of an option of any type, as plain data."""
    value = OmegaConf.select(config, option)
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _without_values(overrides: Iterable[str]) -> DictConfig | None:
    """The configuration given by the choices alone, to list the options beside a mistyped one."""
    chosen = [word for word in overrides if word.partition("=")[0] in (*groups(), DATASET)]
    try:
        return loader().compose(CONFIG, chosen)[0]
    except (HydraException, UserError):
        return None
