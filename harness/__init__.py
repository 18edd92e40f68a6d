"""A benchmark harness for sequence models. The names that plug-in authors and notebooks need, loaded when first used.

`harness.metrics` is both the package of ready metrics and, called, the function of `harness.notebook`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harness.contract.hookspecs import hookimpl

if TYPE_CHECKING:
    from harness.contract.batch import Batch, Example, ListSplit, Split
    from harness.contract.dataset import Dataset
    from harness.contract.dataset_task import DatasetTask
    from harness.contract.metric import Metric, Prediction
    from harness.contract.model import Capabilities, Decoder, Encoder, EncoderOutput, Model
    from harness.contract.preprocessing import Preprocessing
    from harness.contract.raw import RawData, RawExample
    from harness.contract.target import Target
    from harness.contract.task import Loader, Reference, Task, TaskData
    from harness.contract.training import AuxiliaryLoss, ParameterGroup
    from harness.inference import load
    from harness.notebook import run, runs

__version__ = "0.1.0"

_LAZY = {
    "AuxiliaryLoss": "harness.contract.training",
    "Batch": "harness.contract.batch",
    "Capabilities": "harness.contract.model",
    "Dataset": "harness.contract.dataset",
    "DatasetTask": "harness.contract.dataset_task",
    "Decoder": "harness.contract.model",
    "Encoder": "harness.contract.model",
    "EncoderOutput": "harness.contract.model",
    "Example": "harness.contract.batch",
    "ListSplit": "harness.contract.batch",
    "Loader": "harness.contract.task",
    "Metric": "harness.contract.metric",
    "Model": "harness.contract.model",
    "ParameterGroup": "harness.contract.training",
    "Prediction": "harness.contract.metric",
    "Preprocessing": "harness.contract.preprocessing",
    "RawData": "harness.contract.raw",
    "RawExample": "harness.contract.raw",
    "Reference": "harness.contract.task",
    "Split": "harness.contract.batch",
    "Target": "harness.contract.target",
    "Task": "harness.contract.task",
    "TaskData": "harness.contract.task",
    "load": "harness.inference",
    "run": "harness.notebook",
    "runs": "harness.notebook",
}

__all__ = [
    "AuxiliaryLoss",
    "Batch",
    "Capabilities",
    "Dataset",
    "DatasetTask",
    "Decoder",
    "Encoder",
    "EncoderOutput",
    "Example",
    "ListSplit",
    "Loader",
    "Metric",
    "Model",
    "ParameterGroup",
    "Prediction",
    "Preprocessing",
    "RawData",
    "RawExample",
    "Reference",
    "Split",
    "Target",
    "Task",
    "TaskData",
    "__version__",
    "hookimpl",
    "load",
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
