"""One figure for all tasks: the interquartile mean, and the probability of improvement, with intervals over seeds.

Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021. Every task has
the same weight, however many seeds it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.report.across import bootstrap


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval over seeds; None if there are too few seeds or the bootstrap is not
    informative."""

    value: float
    low: float | None = None
    high: float | None = None


def interquartile_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of the middle half of weighted values: a quarter of the weight is cut off at each end.

    With n equal weights and n a multiple of four this is scipy.stats.trim_mean(values, 0.25); otherwise the value at
    the cut counts in part.

    Args:
        values: (n,).
        weights: (..., n), with any positive sum in every row.

    Returns:
        (...).
    """
    order = np.argsort(values, kind="stable")
    ordered, weight = values[order], weights[..., order]
    upto = np.cumsum(weight, axis=-1)
    inside = np.clip(upto / upto[..., -1:], 0.25, 0.75)  # (..., n)
    before = np.concatenate([np.full((*inside.shape[:-1], 1), 0.25), inside[..., :-1]], axis=-1)
    return np.asarray(((inside - before) * ordered).sum(axis=-1) / 0.5)


def iqm(scores: Sequence[np.ndarray], resampled: Sequence[np.ndarray] | None) -> Estimate:
    """The interquartile mean over all runs of all tasks (section 4.3), with a t interval of its bootstrap error.

    Args:
        scores: normalised, one array (n,) per task.
        resampled: weights of the model's runs, from `bootstrap.resample`; None: no interval.
    """
    everything = np.concatenate(scores)
    value = float(interquartile_mean(everything, np.concatenate([np.full(len(s), 1 / len(s)) for s in scores])))
    if resampled is None:
        return Estimate(value)
    draws = interquartile_mean(everything, np.concatenate(resampled, axis=1))
    half = bootstrap.half_width(draws, bootstrap.degrees_of_freedom(scores))
    return Estimate(value, value - half, value + half)


def probability_of_improvement(
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    resampled: tuple[Sequence[np.ndarray] | None, Sequence[np.ndarray] | None],
) -> Estimate:
    """The probability that a run of the first model beats one of the second on a random task (section 4.3).

    P(X > Y) = 1/M sum over tasks of 1/(N K) sum over pairs of runs of S(x, y), where S is 1 for x > y, 1/2 for a tie
    and 0 else: the Mann-Whitney statistic, averaged over tasks.

    Args:
        first, second: results where larger is better, one array (n,) per task, in the same order.
        resampled: weights of the runs of either, from `bootstrap.resample`; None: no interval.

    Returns:
        No interval if there are too few seeds, or if on every task all pairs of runs agree: then all resamples are
        equal, which says nothing about the uncertainty.
    """
    pairs = [(x[:, None], y[None, :]) for x, y in zip(first, second, strict=True)]
    wins = [(x > y) + 0.5 * (x == y) for x, y in pairs]  # (n, m) each
    value = float(np.mean([w.mean() for w in wins]))
    ours, theirs = resampled
    if ours is None or theirs is None or all(np.ptp(w) == 0 for w in wins):
        return Estimate(value)
    draws = np.zeros(len(ours[0]))
    for x, y, a, b in zip(first, second, ours, theirs, strict=True):
        order = np.argsort(y)
        below = np.concatenate([np.zeros((len(b), 1)), np.cumsum(b[:, order], axis=1)], axis=1)  # (resamples, m + 1)
        beaten = below[:, np.searchsorted(y[order], x, "left")] + below[:, np.searchsorted(y[order], x, "right")]
        draws += np.einsum("rn,rn->r", a, beaten) / 2  # a sum over pairs, without making them
    draws /= len(first)
    free = float(sum(len(x) + len(y) - 2 for x, y in zip(first, second, strict=True))) / 2
    return Estimate(value, *bootstrap.percentiles(draws, free))
