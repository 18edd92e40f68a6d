"""Reading YAML files: what is wrong with one is a sentence that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra._internal.config_repository import CachingConfigRepository
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from harness.errors import ConfigError

if TYPE_CHECKING:
    from hydra._internal.config_repository import IConfigRepository


class ReadableFiles(CachingConfigRepository):
    """Hydra's cache of configuration files, whose errors are ours.

    Args:
        files: the cache that Hydra made.
    """

    def __init__(self, files: IConfigRepository) -> None:
        super().__init__(files)

    def load_config(self, config_path: str) -> ConfigResult | None:
        """As Hydra's.

        Raises:
            ConfigError: the file cannot be read, is not YAML in UTF-8, or is not a mapping.
        """
        try:
            found: ConfigResult | None = super().load_config(config_path)
        except HydraException:
            raise
        except UnicodeDecodeError as error:
            raise ConfigError(f"conf/{_file(config_path)} is not UTF-8 text ({error.reason}).") from error
        except RecursionError as error:
            raise ConfigError(f"conf/{_file(config_path)} is nested too deeply.") from error
        except (YAMLError, OmegaConfBaseException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ConfigError(f"conf/{_file(config_path)} cannot be read: {reason}.") from error
        if found is not None and not isinstance(found.config, DictConfig):
            raise ConfigError(f"conf/{_file(config_path)} is a list: write NAME: VALUE on each line.")
        return found


def _file(config_path: str) -> str:
    return config_path if config_path.endswith(".yaml") else f"{config_path}.yaml"
