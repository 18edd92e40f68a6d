"""Where the YAML of the configuration is: the checkout's `conf`, the wheel's `harness/conf`, plug-ins' folders."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from harness.errors import ConfigError, PluginError
from harness.registry import discovery, source_code


@lru_cache(maxsize=1)
def conf_dir() -> Path:
    """The folder that holds config.yaml.

    In a checkout (and an editable install) it is `conf` beside the package, because an editable install leaves no
    or a stale copy inside it; in a wheel it is `conf` inside the package.

    Raises:
        ConfigError: neither exists.
    """
    return find_conf_dir(Path(__file__).resolve().parent.parent)


def find_conf_dir(package: Path) -> Path:
    """`conf_dir` for a package in the given folder."""
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "conf" / "config.yaml").is_file():
        return checkout / "conf"
    if (package / "conf" / "config.yaml").is_file():
        return package / "conf"
    raise ConfigError(
        f"config.yaml is neither in '{checkout / 'conf'}' nor in '{package / 'conf'}': "
        "the installation is incomplete; install the package again."
    )


def plugin_folders() -> dict[str, Path]:
    """Folder of every plug-in of kind "config", by name.

    Raises:
        PluginError: an entry point names a folder that does not exist; Hydra would silently ignore it.
    """
    folders = {}
    for name in discovery.registry().names("config"):
        info = discovery.registry().info("config", name)
        folder = source_code.find_folder(info.module)
        if folder is None or not folder.is_dir():
            raise PluginError(f"The {info.label} names the folder '{info.module}', which does not exist.")
        folders[name] = folder
    return folders


def check_folders() -> None:
    """Refuse YAML that would silently replace something of the same name.

    Raises:
        ConfigError: a YAML under task/ or model/ is named like a plug-in, or two folders hold the same name.
    """
    owners: dict[str, str] = {}
    for folder in [conf_dir(), *plugin_folders().values()]:
        for path in sorted(folder.rglob("*.yaml")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            group, _, option = name.rpartition("/")
            if group in ("task", "model") and option in discovery.registry().names(group):
                raise ConfigError(
                    f"'{path}' has the name of the plug-in '{group}.{option}' and would replace it. "
                    f"Rename the file; it can extend the plug-in with 'defaults: [{option}]'."
                )
            if name in owners:
                raise ConfigError(
                    f"The configuration '{name}' exists twice: in '{owners[name]}' and in '{folder}'. "
                    "One of them would be ignored; rename one."
                )
            owners[name] = str(folder)
