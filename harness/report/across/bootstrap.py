"""A bootstrap over seeds with tasks as strata, expressed as weights: a run drawn twice has twice the weight.

Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021, section 4.1,
resample the runs of every task with replacement and leave the tasks as they are. With few runs that understates
the variance by (n - 1) / n. Drawing n - 1 of n runs instead gives the variance of a mean without bias (Rao and Wu,
"Resampling Inference with Complex Survey Data", JASA 83, 1988, section 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from harness.report.statistics import CONFIDENCE, FEW_SEEDS
from harness.report.statistics.two_variances import satterthwaite

RESAMPLES, SEED = 2_000, 20210830


def resample(sizes: Sequence[int], stream: int, resamples: int = RESAMPLES) -> list[np.ndarray] | None:
    """Weights of a model's runs, one array (resamples, n) per task; each row sums to one.

    Args:
        sizes: n of every task.
        stream: a distinct number for every model, so that models are resampled independently.
        resamples: how many.

    Returns:
        None if a task has fewer than three runs, since intervals would have too little coverage.
    """
    if min(sizes, default=0) < FEW_SEEDS:
        return None
    dice = np.random.default_rng([SEED, stream])
    return [dice.multinomial(n - 1, np.full(n, 1 / n), size=resamples) / (n - 1) for n in sizes]


def degrees_of_freedom(strata: Sequence[np.ndarray]) -> float:
    """Degrees of freedom of a mean over tasks with different variances (Satterthwaite 1946); the sum of all n - 1 if
    none varies."""
    parts = [(float(np.var(s, ddof=1)) / len(s), len(s) - 1.0) for s in strata]
    found = satterthwaite(parts)
    return sum(free for _, free in parts) if math.isnan(found) else found


def half_width(draws: np.ndarray, free: float) -> float:
    """Half width of the 95 % interval: Student's t with `free` degrees of freedom times the standard error of the
    bootstrap."""
    return float(stats.t.ppf(0.5 + CONFIDENCE / 2, free) * np.std(draws, ddof=1))


def percentiles(draws: np.ndarray, free: float) -> tuple[float, float]:
    """The 95 % percentile interval, expanded as Student's t is wider than the normal distribution.

    Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015, section 4.2.
    """
    tail = float(stats.norm.cdf(-stats.t.ppf(0.5 + CONFIDENCE / 2, free)))
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
