"""Ready-made metrics for tasks, one module per kind.

The package is also callable: `harness.metrics(...)` is `harness.notebook.metrics`, the values logged by runs as a data
frame. (An attribute of `harness` cannot be both a package and a separate function.)
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
