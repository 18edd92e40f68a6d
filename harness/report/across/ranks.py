"""Ranks of models over tasks, and whether there are enough tasks to tell them apart.

Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7 (2006), ranks models on every task,
averages the ranks, and calls two models different if their average ranks differ by more than a critical
difference. His critical difference (Nemenyi's) holds for many tasks. Here there are few, so the same statistic is
compared with its permutation distribution: exact if it can be enumerated, else sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

ALPHA = 0.05
FEWEST_TASKS = 3
"""With fewer tasks than this nothing is tested: two tasks say nothing about a third."""
RESAMPLES, SEED = 9_999, 20060101

_ROUNDING = 9  # decimals of a mean rank that are not rounding errors


@dataclass(frozen=True)
class RankTest:
    """The results of ranking k models over N tasks.

    Attributes:
        ranks: (N, k), 1 the best, equal results share the mean of their ranks.
        average: (k,) over the tasks.
        friedman: Friedman's chi-square, corrected for ties; None with two models, for which it is undefined.
        friedman_p: its p value by permutation within tasks; None without a test.
        p: (k, k), of the difference between two average ranks, corrected for all pairs; None without a test.
        critical_difference: the smallest difference with p of at most `ALPHA`; None if there is none.
        smallest_p: of the largest possible difference with N tasks and k models.
    """

    ranks: np.ndarray
    average: np.ndarray
    friedman: float | None
    friedman_p: float | None
    p: np.ndarray | None
    critical_difference: float | None
    smallest_p: float

    @property
    def can_decide(self) -> bool:
        """Whether any outcome of these tasks and models could have told two models apart."""
        return self.p is not None and self.smallest_p <= ALPHA

    def groups(self) -> list[tuple[int, int]]:
        """Runs of models, by position in the order of average ranks, that the test cannot distinguish.

        Each is (first, last) with first < last, and none lies inside another: the bars of the diagram.
        """
        if not self.can_decide or self.p is None:
            return []
        order = self.order()
        found: list[tuple[int, int]] = []
        for first in range(len(order)):
            last = first
            while last + 1 < len(order) and self.p[order[first], order[last + 1]] > ALPHA:
                last += 1
            if last > first and (not found or last > found[-1][1]):
                found.append((first, last))
        return found

    def order(self) -> np.ndarray:
        """Indices of the models by average rank, with ties in the report's order."""
        return np.argsort(self.average, kind="stable")


def rank(scores: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    """Ranks (N, k) of scores (N, k) where larger is better: 1 is best, ties share the mean of their ranks."""
    return np.asarray(stats.rankdata(-np.asarray(scores, dtype=float), axis=1))


def compare_ranks(scores: Sequence[Sequence[float]] | np.ndarray) -> RankTest:
    """Rank models and test all pairs.

    Under the null hypothesis any order of a task's ranks is equally likely. The p value of a pair is the share of such
    orders in which some pair of average ranks is at least as far apart: Nemenyi's statistic, the range of the average
    ranks (Demsar 2006, section 3.2.2), with its permutation distribution instead of the studentised range. One
    reference for the largest of all differences corrects for the number of pairs (Westfall and Young 1993, single-step
    maxT).

    Args:
        scores: (N, k), one per task and model, larger is better.
    """
    ranks = rank(scores)  # (N, k)
    tasks, models = ranks.shape
    average = ranks.mean(axis=0)
    friedman = _friedman(ranks) if models > 2 and tasks > 1 else None
    smallest = smallest_p(tasks, models)
    if tasks < FEWEST_TASKS or models < 2:
        return RankTest(ranks, average, friedman, None, None, None, smallest)
    ranges = _null(ranks, _range)
    apart = np.abs(average[:, None] - average[None, :]).round(_ROUNDING)  # (k, k)
    p = _p(ranges, apart)
    attainable = np.unique(ranges)
    enough = attainable[_p(ranges, attainable) <= ALPHA]
    squares = _null(ranks, _spread)
    friedman_p = float(_p(squares, np.array(_spread(*ranks.T, axis=0)).round(_ROUNDING)))
    critical = float(enough[0]) if enough.size else None
    return RankTest(ranks, average, friedman, friedman_p, p, critical, smallest)


def smallest_p(tasks: int, models: int) -> float:
    """The p value if one model is first and one is last on every task: (k (k - 1)) ** (1 - N); 1.0 for no pair."""
    return 1.0 if models < 2 or tasks < 1 else float(models * (models - 1)) ** (1 - tasks)


def tasks_needed(models: int) -> int:
    """The smallest number of tasks whose smallest p value is at most `ALPHA`."""
    return next(n for n in range(FEWEST_TASKS, 100) if smallest_p(n, models) <= ALPHA)


def _friedman(ranks: np.ndarray) -> float | None:
    if np.ptp(ranks, axis=1).max() == 0:  # every task a tie of all models: the correction divides by zero
        return 0.0
    return float(stats.friedmanchisquare(*ranks.T).statistic)


def _range(*samples: np.ndarray, axis: int) -> Any:
    means = np.stack([s.mean(axis=axis) for s in samples])
    return (means.max(axis=0) - means.min(axis=0)).round(_ROUNDING)


def _spread(*samples: np.ndarray, axis: int) -> Any:
    """The sum of squared mean ranks about their mean, which orders permutations as Friedman's statistic does."""
    means = np.stack([s.mean(axis=axis) for s in samples])
    return ((means - means.mean(axis=0)) ** 2).sum(axis=0).round(_ROUNDING)


def _null(ranks: np.ndarray, statistic: Any) -> np.ndarray:
    """The statistic over orders of the ranks within tasks: all of them if few, else sampled with a seed."""
    found = stats.permutation_test(
        tuple(ranks.T),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        alternative="greater",
        rng=np.random.default_rng(SEED),
    )
    return np.sort(np.asarray(found.null_distribution).round(_ROUNDING))


def _p(null: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The share of the sorted null distribution at or above; with sampling, the observed order counts as one of
    them."""
    above = len(null) - np.searchsorted(null, observed, side="left")
    drawn = len(null) == RESAMPLES
    return np.asarray((above + drawn) / (len(null) + drawn))
