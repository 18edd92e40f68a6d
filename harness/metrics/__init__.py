"""Ready metrics for tasks, one kind a module; the module docstrings say which.

The package can also be called: `harness.metrics(...)` is `harness.notebook.metrics`, the values that runs logged as a
frame. (An attribute of `harness` cannot be a package and another function at once.)
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class _Metrics(ModuleType):
    def __call__(self, *arguments: object, **named: object) -> pd.DataFrame:
        """See `harness.notebook.metrics`."""
        frame: pd.DataFrame = importlib.import_module("harness.notebook").metrics(*arguments, **named)
        return frame


sys.modules[__name__].__class__ = _Metrics
