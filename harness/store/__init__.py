"""The results store: every run, its state, metrics per step, predictions, samples and environment.

    from harness.store import Store
    with Store.open() as store: ...

`schema` documents the tables, `writer` holds the ledger, `query` reads, `export` writes CSV and Parquet. The names are
loaded when first used, so that importing `harness.store.records` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.store.ledger import TakenOver
    from harness.store.query import RunView, SweepView
    from harness.store.writer import AlreadyFinished, AlreadyRunning, LedgerError, Store

_LAZY = {
    "AlreadyFinished": "harness.store.writer",
    "AlreadyRunning": "harness.store.writer",
    "LedgerError": "harness.store.writer",
    "RunView": "harness.store.query",
    "Store": "harness.store.writer",
    "SweepView": "harness.store.query",
    "TakenOver": "harness.store.ledger",
}

__all__ = ["AlreadyFinished", "AlreadyRunning", "LedgerError", "RunView", "Store", "SweepView", "TakenOver"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'harness.store' has no attribute '{name}'")
