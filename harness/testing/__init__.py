"""The contracts as shipped test suites, for authors of plug-ins; `harness check` runs the same clauses.

    ModelContract, TaskContract,
    TargetContract,
    DatasetContract               suites for pytest: an author's test file is one class
    model_checks, task_checks,
    target_checks,
    dataset_checks                the clauses as data; each raises AssertionError with what was expected and found
    cases                         one small generated problem for every kind of task
    examination                   a plug-in against its clauses, failures with the smallest example that shows them

Names are loaded when first used, and pytest is needed by the suites alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.testing.contracts import DatasetContract, ModelContract, TargetContract, TaskContract

__all__ = ["DatasetContract", "ModelContract", "TargetContract", "TaskContract"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("harness.testing.contracts"), name)
    raise AttributeError(f"module 'harness.testing' has no attribute '{name}'")
