"""Options that name a file or a folder: their values arrive as they were typed, and an empty one is refused.

Hydra's grammar knows numbers, true and false, lists and mappings. As the name of a folder, `1e5` or `[1]` is the text
that it looks like; only `null`, lists of a sweep and interpolations keep their meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, PathNode
from omegaconf.errors import OmegaConfBaseException, ValidationError

EMPTY = "empty path"
"""What the error of an empty path says, for `harness.config.messages`."""


class PathOption(PathNode):
    """OmegaConf's node for a path, which does not take an empty text for the working folder."""

    def _validate_and_convert_impl(self, value: Any) -> Path:
        if isinstance(value, str | Path) and not str(value).strip():
            raise ValidationError(EMPTY)
        return super()._validate_and_convert_impl(value)

    def __deepcopy__(self, memo: dict[int, Any]) -> PathOption:
        made = PathOption()
        self._deepcopy_impl(made, memo)
        return made


def structured(cls: Any) -> DictConfig:
    """As `OmegaConf.structured`, with a `PathOption` for every path."""
    config: DictConfig = OmegaConf.structured(cls)
    _replace_paths(config)
    return config


def _replace_paths(config: DictConfig) -> None:
    for name in config:
        node = config._get_node(name)
        if type(node) is PathNode:
            node.__class__ = PathOption
        elif isinstance(node, DictConfig) and not node._is_none() and not node._is_missing():
            _replace_paths(node)


def is_path(config: DictConfig, key: str) -> bool:
    """Whether the option of that dotted name is a path."""
    parent, _, name = key.rpartition(".")
    try:
        section = OmegaConf.select(config, parent) if parent else config
    except OmegaConfBaseException:  # there is no such section, which is for others to say
        return False
    return isinstance(section, DictConfig) and isinstance(section._get_node(name, validate_access=False), PathNode)


def as_typed(override: Override) -> Any:
    """The value of a word that sets a path: text as it was typed where Hydra read another kind of value."""
    value, written = override.value(), (override.input_line or "").partition("=")[2]
    if value is None or override.is_sweep_override():
        return value
    if not isinstance(value, str):
        return written
    if value == "???":  # what OmegaConf writes for a value that is missing
        return f"./{value}"
    if isinstance(override._value, str):  # not quoted, so Hydra dropped the blanks around it
        before, after = (len(written) - len(rest) for rest in (written.lstrip(), written.rstrip()))
        return written[:before] + value + ("" if value[-1:].isspace() else written[len(written) - after :])
    return value
