"""Composition in layers: configuration < tuned < experiment < per_task < per_model < command line.

Hydra merges the defaults list and then applies the command line. What the harness adds comes in between, so this loader
replaces the one step of Hydra's loader that merges the defaults list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra._internal.defaults_list import DefaultsList, create_defaults_list
from hydra._internal.utils import create_config_search_path
from hydra.core.default_element import ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from harness.config import messages, sources
from harness.config.folders import check_folders, conf_dir
from harness.config.grids import Grids
from harness.config.path_options import as_typed, is_path
from harness.config.quoting import advice
from harness.config.reading import ReadableFiles
from harness.config.schema import RootConfig, engine_options
from harness.config.task_options import DATASET, choose_dataset
from harness.contract.options import IN_EXPERIMENTS
from harness.errors import ConfigError, UnknownNameError

_CELL_SECTIONS = ("optimizer", "model")


class LayeredLoader(ConfigLoaderImpl):
    """Hydra's loader with a typed root, tuned defaults, and an experiment's per_task and per_model."""

    _remembered: CachingConfigRepository | None = None
    _remembering = False

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Read each file only once within the block, which halves the time to compose many cells."""
        self._remembering = True
        try:
            yield
        finally:
            self._remembering, self._remembered = False, None

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> tuple[list[Override], CachingConfigRepository]:
        """Overrides Hydra's, which makes a new cache for each composition.

        Raises:
            ConfigError: a word chooses something that is no name.
        """
        if self._remembered is not None:
            parsed, repo = OverridesParser.create().parse_overrides(overrides=overrides), self._remembered
        else:
            parsed, repo = super()._parse_overrides_and_create_caching_repo(config_name, overrides)
            repo = ReadableFiles(repo)
        if self._remembering:
            self._remembered = repo
        for override in parsed:
            _refuse_what_only_files_say(override)
            self._check_choice(override, repo)
        return parsed, repo

    def _check_choice(self, override: Override, repo: IConfigRepository) -> None:
        """Refuse a choice that is no name, such as `optimizer=3`, and a list but of experiments, which add up."""
        group, value = override.key_or_group, override._value
        if group == "experiment" and isinstance(value, str) and value not in (known := self._names(group)):
            raise UnknownNameError(group, value, known)
        if override.is_sweep_override() or isinstance(value, str | QuotedString | dict) or not repo.group_exists(group):
            return
        known = self._names(group)
        if isinstance(value, list) and (group == "experiment" or len(value) < 2):
            for name in map(str, value):
                if name not in known:
                    raise UnknownNameError(group, name, known)
            return
        more = ""
        if isinstance(value, list):
            more = f" To run several, use 'harness sweep' with {group}=NAME,NAME."
        elif value is not None:
            more = f" If that is its name, it needs quotes. {advice(override.input_line or '')}"
        raise ConfigError(
            f"'{override.input_line}' chooses no {group}: write {group}=NAME with one of: {', '.join(known)}.{more}"
        )

    def _names(self, group: str) -> list[str]:
        """Every choice of a group, those in its folders as "claims/parity"."""
        own: list[str] = self.get_group_options(group, ObjectType.CONFIG)
        inner = self.get_group_options(group, ObjectType.GROUP)
        return [*own, *(f"{folder}/{name}" for folder in inner for name in self._names(f"{group}/{folder}"))]

    def _compose_config_from_defaults_list(self, defaults: list[ResultDefault], repo: IConfigRepository) -> DictConfig:
        config = writable(OmegaConf.structured(RootConfig))
        experiments = [d for d in defaults if _is_experiment(d)]
        self._merge(config, [d for d in defaults if d not in experiments], repo)
        self._apply_tuned(config)
        self._merge(config, experiments, repo)
        self._apply_per(config, "task")
        self._apply_per(config, "model")
        return config

    def compose(self, config_name: str, overrides: list[str]) -> tuple[DictConfig, str | None]:
        """The composed configuration, and the name of the experiment if one is chosen.

        The steps are those of Hydra's `load_configuration` without the node that configures Hydra itself, which
        nothing here uses and which takes most of the time.

        Raises:
            HydraException, UserError, PluginError: see `harness.config.composition`.
        """
        parsed, repo = self._parse_overrides_and_create_caching_repo(config_name, overrides)
        self.validate_sweep_overrides_legal(parsed, RunMode.RUN, from_shell=False)
        defaults = _defaults_list(config_name, parsed, repo)
        config = self._compose_config_from_defaults_list(defaults.defaults, repo)
        OmegaConf.set_struct(config, True)
        for override in defaults.config_overrides:  # before the others, which may be options of that data set
            if override.key_or_group == DATASET:
                choose_dataset(config, override.value())
        for override in defaults.config_overrides:
            if is_path(config, override.key_or_group):
                override._value = as_typed(override)
        self._apply_overrides_to_config(defaults.config_overrides, config)
        return config, defaults.overrides.known_choices.get("experiment")

    def experiment_grids(self, config_name: str, overrides: list[str]) -> Grids:
        """The grids of the chosen experiment and of those that it extends, its own keys last.

        Raises:
            ConfigError: a grid is no table of NAME: [VALUE, ...].
        """
        parsed, repo = self._parse_overrides_and_create_caching_repo(config_name, overrides)
        grids = Grids()
        for default in filter(_is_experiment, _defaults_list(config_name, parsed, repo).defaults):
            config = OmegaConf.to_container(self._load_single_config(default=default, repo=repo).config)
            grids = grids.extended_by(config, f"conf/{default.config_path}.yaml")
        return grids

    def _merge(self, config: DictConfig, defaults: Iterable[ResultDefault], repo: IConfigRepository) -> None:
        for default in defaults:
            if default.config_path is None:
                continue
            loaded = self._load_single_config(default=default, repo=repo)
            merge(config, loaded.config, f"conf/{default.config_path}.yaml")

    def _apply_tuned(self, config: DictConfig) -> None:
        table = config.tuned or {}
        entry = (table.get(plugin_name(config, "task")) or {}).get(plugin_name(config, "model")) or {}
        unknown = set(entry) - {*_CELL_SECTIONS, "trials", "hours"}
        if unknown:
            raise ConfigError(
                f"The table of tuned defaults holds '{sorted(unknown)[0]}' for a cell; "
                "a cell may hold optimizer, model, trials and hours."
            )
        values = {key: entry[key] for key in _CELL_SECTIONS if key in entry}
        merge(config, OmegaConf.create(values), "the table of tuned defaults")
        config.tuned = entry or None

    def _apply_per(self, config: DictConfig, kind: str) -> None:
        section = f"per_{kind}"
        table, name = config[section], plugin_name(config, kind)
        known = self.get_group_options(kind, ObjectType.CONFIG) if table else []
        for given in table:
            if given not in known:
                raise UnknownNameError(kind, str(given), known, f"'{section}' of the experiment")
        if table.get(name):
            merge(config, table[name], f"{section}.{name} of the experiment")


def _defaults_list(config_name: str, parsed: list[Override], repo: IConfigRepository) -> DefaultsList:
    return create_defaults_list(
        repo=repo, config_name=config_name, overrides_list=parsed, prepend_hydra=False, skip_missing=False
    )


def _refuse_what_only_files_say(override: Override) -> None:
    """Refuse a word such as `grid.model=[lstm]`, which would change nothing: grids are read from experiments' files."""
    name, _, rest = override.key_or_group.partition(".")
    made = engine_options().get(name)
    if made is None or made.where != IN_EXPERIMENTS or made.group:
        return
    instead = f" On the command line, values are listed: {rest}=VALUE,VALUE." if name == "grid" and rest else ""
    raise ConfigError(
        f"'{override.input_line}' is no option of the command line: an experiment's file says its {name} "
        f"(docs/how-to/experiments.md).{instead}"
    )


def _is_experiment(default: ResultDefault) -> bool:
    """Experiments, and the trials of a search, which are short experiments: both overrule the tuned defaults."""
    return (default.config_path or "").startswith(("experiment/", "trial/"))


def writable(config: DictConfig) -> DictConfig:
    """A typed configuration that can be filled although its dataclasses are frozen."""
    OmegaConf.set_readonly(config, None)
    for name in config:
        if not OmegaConf.is_missing(config, name) and OmegaConf.is_dict(config._get_node(name)):
            writable(config[name])
    return config


def merge(config: DictConfig, values: DictConfig | Any, origin: str) -> None:
    """Merge values into a typed configuration.

    Raises:
        ConfigError: an option that does not exist or a value of the wrong type; the message names the origin.
        UnknownNameError: the values choose a data set that does not exist.
    """
    choose_dataset(config, OmegaConf.select(values, DATASET) if OmegaConf.is_config(values) else None)
    try:
        config.merge_with(values)
    except OmegaConfBaseException as error:
        raise messages.from_omegaconf(error, config, f" (in {origin})") from error


def plugin_name(config: DictConfig, kind: str) -> str:
    """Name of the plug-in behind config.task or config.model; empty where none is chosen."""
    cls = OmegaConf.get_type(config, kind)
    return str(getattr(cls, "name", ""))


def make_loader() -> LayeredLoader:
    """A loader over conf/, the plug-ins and their folders.

    Raises:
        ConfigError: folders hold names that would shadow one another.
    """
    check_folders()
    sources.register()
    return LayeredLoader(create_config_search_path(f"file://{conf_dir()}"))
