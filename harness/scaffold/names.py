"""Rules for the name of a new plug-in, and the names derived from it."""

from __future__ import annotations

import keyword
import re
from importlib.util import find_spec

from harness.config.folders import conf_dir, plugin_folders
from harness.errors import ConfigError
from harness.registry.discovery import registry

_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 60  # derived names must fit into a file name and a line
_VALUES = {"null", "true", "false", "yes", "no", "on", "off", "inf", "nan"}
"""Words that YAML or Hydra's grammar does not read as strings."""


def package_name(name: str) -> str:
    """The import package of a plug-in: "harness_NAME"."""
    return f"harness_{name}"


def distribution_name(name: str) -> str:
    """The name of the distribution, and the default folder: "harness-NAME"."""
    return f"harness-{name}"


def check_name(kind: str, name: str) -> None:
    """Refuse a name that a plug-in of this kind ("task", "model", "target", "dataset") cannot have.

    Args:
        kind: of the plug-in.
        name: with the task's in front for a data set: "translation.mine".

    Raises:
        ConfigError: it is not a lower-case identifier, has a meaning in Python or YAML, or is taken by an
            installed plug-in, package or experiment.
    """
    full, name = name, name.rpartition(".")[2] if kind == "dataset" else name
    kind = "data set" if kind == "dataset" else kind
    if not _IDENTIFIER.fullmatch(name) or len(name) > _LONGEST:
        raise ConfigError(
            f"'{name}' cannot be the name of a {kind}: write a lower-case identifier such as 'gated_mean', "
            f"of letters, digits and single underscores between them, {_LONGEST} characters at most."
        )
    if keyword.iskeyword(name) or name in _VALUES or name == "conf":
        meaning = "a keyword of Python" if keyword.iskeyword(name) else "a value in configuration files"
        meaning = "the folder of the package's configuration" if name == "conf" else meaning
        raise ConfigError(f"'{name}' cannot be the name of a {kind}: it is {meaning}. Choose another.")
    for info in registry().infos():
        # Of any kind, so that 'harness check NAME' need not ask which is meant. Targets are named for what they are
        # ("forecast"), which tasks may want to be called too.
        if info.name in (name, full) and (info.kind == kind or "target" not in (info.kind, kind)):
            raise ConfigError(
                f"The name '{name}' is taken by the {info.label}. Choose another, or uninstall '{info.distribution}'."
            )
    if find_spec(package_name(name)) is not None:
        raise ConfigError(f"A package '{package_name(name)}' is installed already. Choose another name than '{name}'.")
    for folder in (conf_dir(), *plugin_folders().values()):
        path = folder / "experiment" / f"{name}.yaml"
        if path.exists():
            raise ConfigError(f"There is an experiment '{name}' already ('{path}'). Choose another name.")


def class_name(kind: str, name: str, source: str) -> str:
    """The class of a plug-in: "gated_mean" becomes GatedMean, or GatedMeanModel where `source` uses that word."""
    plain = "".join(part.capitalize() for part in name.split("_"))
    taken = keyword.iskeyword(plain) or re.search(rf"\b{plain}\b", source) is not None
    return plain + kind.capitalize() if taken else plain
