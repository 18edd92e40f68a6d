"""What can be wrong with a target that is a sequence of whole numbers."""

from __future__ import annotations

import numpy as np


def outside(target: np.ndarray, low: int, high: int) -> str | None:
    """Why a target is not a sequence (U,) of whole numbers from `low` to below `high`; None: it is."""
    if target.ndim != 1:
        return f"the target has shape {target.shape}, not (U,)"
    if not len(target):
        return "the target is empty"
    if not np.issubdtype(target.dtype, np.integer):
        return f"the target is {target.dtype}; it must be whole numbers"
    if target.min() < low:
        return f"target {target.min()} is under {low}"
    if target.max() >= high:
        return f"target {target.max()} is not under {high}"
    return None
