"""Learning curves of several seeds as one line with a band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Band:
    """A learning curve over seeds, arrays of equal length (N,).

    Attributes:
        steps: optimizer steps; seconds: mean training seconds at them.
        mean, low, high: of the metric over seeds.
        seeds: how many.
        examples: mean number of training examples seen at the steps; empty if unknown.
    """

    steps: np.ndarray
    seconds: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int
    examples: np.ndarray = field(default_factory=lambda: np.empty(0))


def band(curves: Sequence[Sequence[tuple[float, ...]]]) -> Band | None:
    """Join the curves of several seeds, each (step, seconds, value[, examples]) rows, at the steps they share.

    If seeds share fewer than two steps (a budget in seconds), positions are used instead: the k-th validations are
    combined at the mean of their steps. Non-finite values are left out; None if nothing remains.
    """
    kept = [[row for row in curve if math.isfinite(row[2])] for curve in curves]
    kept = [curve for curve in kept if curve]
    if not kept:
        return None
    shared = sorted(set.intersection(*({row[0] for row in curve} for curve in kept)))
    if len(shared) >= 2:
        wanted = set(shared)
        aligned = [[row for row in curve if row[0] in wanted] for curve in kept]
    else:
        shortest = min(len(curve) for curve in kept)
        aligned = [curve[:shortest] for curve in kept]
    cube = np.array(aligned, dtype=float)  # (seeds, N, 3 or 4)
    steps, seconds, values = cube[..., 0], cube[..., 1], cube[..., 2]
    examples = cube[..., 3].mean(0) if cube.shape[-1] > 3 else np.empty(0)
    return Band(steps.mean(0), seconds.mean(0), values.mean(0), values.min(0), values.max(0), len(aligned), examples)
