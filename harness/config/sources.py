"""Makes plug-ins visible to Hydra: the scheme `plugin://`, and its place on the search path.

`plugin://` lists `task/NAME` and `model/NAME` from entry-point metadata and imports a plug-in only when its
configuration is loaded; that configuration is the plug-in's dataclass, so values are checked against its types.
"""

from __future__ import annotations

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf.errors import OmegaConfBaseException

from harness.config.folders import plugin_folders
from harness.config.path_options import structured
from harness.config.task_options import options_class
from harness.errors import PluginError
from harness.registry import discovery

_GROUPS = ("task", "model")


class PluginConfigSource(ConfigSource):
    """The groups "task" and "model", one option for each plug-in."""

    @staticmethod
    def scheme() -> str:
        """Part of the search path's address before "://"."""
        return "plugin"

    def available(self) -> bool:
        """Always: it needs no folder."""
        return True

    def load_config(self, config_path: str) -> ConfigResult:
        """Import the plug-in and return its dataclass as a typed configuration.

        Raises:
            PluginError: it does not import, or its fields are of types that a configuration cannot hold.
        """
        group, name = self._split(config_path)
        if name not in discovery.registry().names(group):
            raise ConfigLoadError(f"no plug-in '{group}.{name}'")
        cls = discovery.registry().load(group, name)
        try:
            config = structured(options_class(cls) if group == "task" else cls)
        except (OmegaConfBaseException, NameError, TypeError, ValueError) as error:
            info = discovery.registry().info(group, name)
            raise PluginError(
                f"The {info.label}: the fields of {cls.__name__} cannot be a configuration: {error}. Fields may be "
                "scalars, X | None, Enum, Path, list, dict or one nested dataclass."
            ) from error
        return ConfigResult(
            provider=self.provider, path=f"plugin://{group}/{name}", config=config, header={"package": None}
        )

    def is_group(self, config_path: str) -> bool:
        """Whether the path is the root, "task" or "model"."""
        return config_path.strip("/") in ("", *_GROUPS)

    def is_config(self, config_path: str) -> bool:
        """Whether the path is that of a plug-in."""
        group, name = self._split(config_path)
        return group in _GROUPS and name in discovery.registry().names(group)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Names under a path, from metadata alone."""
        path = config_path.strip("/")
        if path == "":
            return list(_GROUPS) if results_filter != ObjectType.CONFIG else []
        if path in _GROUPS and results_filter != ObjectType.GROUP:
            return discovery.registry().names(path)
        return []

    @staticmethod
    def _split(config_path: str) -> tuple[str, str]:
        group, _, name = config_path.strip("/").removesuffix(".yaml").rpartition("/")
        return group, name


class PluginSearchPath(SearchPathPlugin):
    """Appends `plugin://` and every plug-in's folder of YAML to the search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra when it sets up its search path."""
        search_path.append("harness plug-ins", "plugin://")
        for name, folder in plugin_folders().items():
            search_path.append(f"plug-in config.{name}", f"file://{folder}")


def register() -> None:
    """Register both with Hydra; calling it again has no effect."""
    plugins = Plugins.instance()
    plugins.register(PluginConfigSource)
    plugins.register(PluginSearchPath)
