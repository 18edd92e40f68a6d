"""Performance profiles: the share of a model's runs that score above a threshold, for every threshold.

Score distributions of Agarwal et al. (NeurIPS 2021, section 4.2), not the ratios to the best of Dolan and More
(Mathematical Programming 91, 2002): those are meant for times, which have a true zero and one direction. A ratio of
error rates is infinite if the best makes no errors, and a ratio of accuracies changes if errors are used instead.
Normalised scores have neither problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Profile:
    """A curve decreasing from one to zero, arrays of equal length (G,).

    Attributes:
        thresholds: normalised scores.
        share: of runs above them, every task with the same weight.
        low, high: the pointwise 95 % interval over seeds; None with fewer than three on a task.
    """

    thresholds: np.ndarray
    share: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


LOWEST, HIGHEST = -0.5, 2.0
"""Limits of the thresholds, so that a diverged run does not compress all others."""


def thresholds(scores: Sequence[Sequence[np.ndarray]], number: int = 121) -> np.ndarray:
    """Evenly spaced from the smallest to the largest score of all models, zero and one among them, with a margin."""
    everything = np.clip(np.concatenate([s for of_model in scores for s in of_model]), LOWEST, HIGHEST)
    low, high = min(0.0, float(everything.min())), max(1.0, float(everything.max()))
    margin = 0.02 * (high - low)
    return np.linspace(low - margin, high + margin, number)


def profile(scores: Sequence[np.ndarray], at: np.ndarray, resampled: Sequence[np.ndarray] | None) -> Profile:
    """The share of runs above every threshold.

    Args:
        scores: normalised, one array (n,) per task.
        at: thresholds (G,).
        resampled: weights of the model's runs, from `bootstrap.resample`; None: no band.
    """
    above = [(s[:, None] > at[None, :]).astype(float) for s in scores]  # (n, G) each
    share = np.mean([a.mean(axis=0) for a in above], axis=0)
    if resampled is None:
        return Profile(at, share)
    draws = np.concatenate(resampled, axis=1) @ np.concatenate(above) / len(scores)  # (resamples, G)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return Profile(at, share, low, high)
