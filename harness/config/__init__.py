"""Configuration: Hydra's grammar and composition over the plug-ins' dataclasses.

The names are loaded when first used, so that help and completion, which need the schema and the folders only, do
not import Hydra.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.config.cell_composer import Cell
    from harness.config.cells import expand, split
    from harness.config.composition import compose, options_of
    from harness.config.folders import conf_dir
    from harness.config.typed import settings_from_plain, to_settings

_LAZY = {
    "Cell": "harness.config.cell_composer",
    "compose": "harness.config.composition",
    "conf_dir": "harness.config.folders",
    "expand": "harness.config.cells",
    "options_of": "harness.config.composition",
    "settings_from_plain": "harness.config.typed",
    "split": "harness.config.cells",
    "to_settings": "harness.config.typed",
}

__all__ = ["Cell", "compose", "conf_dir", "expand", "options_of", "settings_from_plain", "split", "to_settings"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'harness.config' has no attribute '{name}'")
