"""A benchmark harness for sequence models. The names that plug-in authors and notebooks need, loaded when first used.

`harness.metrics` is both the package of ready metrics and, called, the function of `harness.notebook`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harness.hookspecs import hookimpl

if TYPE_CHECKING:
    from harness.batch import Batch, Dataset, Example, ListDataset
    from harness.model import Capabilities, Decoder, Encoder, EncoderOutput, Model
    from harness.notebook import run, runs
    from harness.task import Loader, Metric, Prediction, Reference, Task, TaskData

__version__ = "0.1.0"

_LAZY = {
    "Batch": "harness.batch",
    "Capabilities": "harness.model",
    "Dataset": "harness.batch",
    "Decoder": "harness.model",
    "Encoder": "harness.model",
    "EncoderOutput": "harness.model",
    "Example": "harness.batch",
    "ListDataset": "harness.batch",
    "Loader": "harness.task",
    "Metric": "harness.task",
    "Model": "harness.model",
    "Prediction": "harness.task",
    "Reference": "harness.task",
    "Task": "harness.task",
    "TaskData": "harness.task",
    "run": "harness.notebook",
    "runs": "harness.notebook",
}

__all__ = [
    "Batch",
    "Capabilities",
    "Dataset",
    "Decoder",
    "Encoder",
    "EncoderOutput",
    "Example",
    "ListDataset",
    "Loader",
    "Metric",
    "Model",
    "Prediction",
    "Reference",
    "Task",
    "TaskData",
    "__version__",
    "hookimpl",
    "metrics",
    "run",
    "runs",
]


def __getattr__(name: str) -> Any:
    if name == "metrics":
        return importlib.import_module("harness.metrics")
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'harness' has no attribute '{name}'")
