"""Normalised scores: which results are 0 and 1 on every task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.report.across.grid import TaskScores

_ROUNDING, _LARGEST = 1e-9, 1e150


@dataclass(frozen=True)
class Normalisation:
    """Score = (result - zero) / (one - zero), for a lower-is-better metric too: the direction cancels out.

    Attributes:
        zero, one: results that score 0 and 1, as measured.
        zero_is, one_is: their sources.
    """

    zero: float
    one: float
    zero_is: str
    one_is: str

    def __call__(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """Scores of results of any shape."""
        return (np.asarray(values, dtype=float) - self.zero) / (self.one - self.zero)


def normalisation(task: TaskScores, models: Sequence[str]) -> Normalisation | None:
    """From the strongest baseline (0) to the best mean of the models (1); from the worst mean without a baseline.

    So a score below 0 is a result below the baseline. Where the worst mean is further from the baseline than the best
    is, its distance is the unit instead, and its score -1: if the best were barely ahead of the baseline, scores of the
    others would be unbounded.

    Args:
        task: results.
        models: the compared ones.

    Returns:
        None if there is no scale, all of these results being equal up to rounding.
    """
    best = max(models, key=task.mean)
    worst = min(models, key=task.mean)
    top, bottom = task.sign * task.mean(best), task.sign * task.mean(worst)
    if task.baseline is None:
        return Normalisation(bottom, top, f"worst mean: {worst}", f"best mean: {best}") if _apart(bottom, top) else None
    name, value = task.baseline
    zero_is = f"baseline {name.removeprefix('baseline:')}"
    ahead, behind = task.sign * (top - value), task.sign * (value - bottom)
    if ahead >= behind and _apart(value, top):
        return Normalisation(value, top, zero_is, f"best mean: {best}")
    if behind > ahead and _apart(bottom, value):
        return Normalisation(value, 2 * value - bottom, zero_is, f"as far above the baseline as {worst} is below it")
    return None


def _apart(zero: float, one: float) -> bool:
    """Whether two results differ by more than rounding, and by a finite amount."""
    limit = max(abs(zero), abs(one))
    return _ROUNDING * limit < abs(one / 2 - zero / 2) < _LARGEST
