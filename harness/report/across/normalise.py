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
    """From the strongest baseline (0) to the best mean of the models (1), if every model beats the baseline.

    Without such a baseline, from the worst mean (0) to the best (1). A baseline that some model does not beat is not
    used: if the best were barely ahead of it, the scores of the others would be unbounded.

    Args:
        task: results.
        models: the compared ones.

    Returns:
        None if all models have the same mean up to rounding, so that there is no scale.
    """
    best = max(models, key=task.mean)
    worst = min(models, key=task.mean)
    top, bottom = task.sign * task.mean(best), task.sign * task.mean(worst)
    if task.baseline is not None and task.sign * task.baseline[1] < task.mean(worst):
        name, value = task.baseline
        if _apart(value, top):
            return Normalisation(value, top, f"baseline {name.removeprefix('baseline:')}", f"best mean: {best}")
    if not _apart(bottom, top):
        return None
    return Normalisation(bottom, top, f"worst mean: {worst}", f"best mean: {best}")


def _apart(zero: float, one: float) -> bool:
    """Whether two results differ by more than rounding, and by a finite amount."""
    limit = max(abs(zero), abs(one))
    return _ROUNDING * limit < abs(one / 2 - zero / 2) < _LARGEST
