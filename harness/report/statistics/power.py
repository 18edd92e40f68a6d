"""How many seeds would tell two models apart: the power of the two-way test, its variances being estimated too.

The true difference is not known, only its interval, so the answer is a range: the number needed if the difference is
as large as the interval allows, and if it is as small. More seeds shrink only the seeds' part of the standard error; if
the test examples' part is too large, no number of seeds is enough and the answer says so.

Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2. His noncentral t distribution,
as in statsmodels' `TTestIndPower`, is that of a pooled variance: with three seeds it promises 0.51 where Welch's test
finds the difference in 0.41 of all samples; with ten both agree. So it is averaged over the estimates of the variances.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from harness.report.statistics.pair_tests import PairTest, SeedSample
from harness.report.statistics.summaries import FEW_SEEDS
from harness.report.statistics.two_variances import half_width

POWER = 0.8
MOST_SEEDS = 1000
"""Above this number of seeds the report only says "more than"."""

_QUANTILES = 48
"""Of a variance's estimate; the power is exact to about a thousandth."""


def power(
    difference: float,
    one: SeedSample,
    two: SeedSample,
    seeds: int,
    level: float,
    example_variance: float,
    examples: int,
) -> float:
    """Probability that a two-sided test of this level shows a true difference.

    Args:
        difference: true, in the metric's unit.
        one, two: the contenders, for their variances over seeds.
        seeds: of each contender that has seeds.
        level: of the test.
        example_variance: of the difference over test examples; 0 where unknown.
        examples: how many test examples it is estimated from.
    """
    seeded = [s for s in (one, two) if s.seeded and s.variance > 0]
    known = example_variance if examples else 0.0
    true_error = math.sqrt(sum(s.variance / seeds for s in seeded) + known)
    if true_error == 0:
        return 1.0 if difference else 0.0
    half = np.sqrt(_squared_half_width([s.variance / seeds for s in seeded], seeds - 1.0, level))
    if known:
        half = np.hypot(half, half_width([(known, examples - 1.0)], level))
    apart = abs(difference)
    return float(np.mean(special.ndtr((apart - half) / true_error) + special.ndtr((-apart - half) / true_error)))


def _squared_half_width(variances: Sequence[float], freedom: float, level: float) -> np.ndarray:
    """t² v of the seeds' part for every pair of quantiles of what the true variances are estimated as; 0 without any.

    An estimate of `freedom` degrees of freedom is the true variance times chi² / freedom, and Satterthwaite's degrees
    of freedom, too, come from the estimates. Averaging over quantiles integrates over both.
    """
    if not variances:
        return np.zeros(1)
    levels = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    factors = special.gammaincinv(freedom / 2, levels) / (freedom / 2)
    estimates = np.stack(np.meshgrid(*(v * factors for v in variances)))  # (1 or 2, quantiles, ...)
    whole = estimates.sum(0)
    degrees = whole**2 / (estimates**2 / freedom).sum(0)
    return np.asarray(special.stdtrit(degrees, level / 2) ** 2 * whole)


def seeds_needed(
    difference: float, one: SeedSample, two: SeedSample, level: float, example_variance: float = 0.0, examples: int = 0
) -> int | None:
    """The smallest number of seeds with 80 % power; None if more than 1,000 are needed. Arguments as for `power`."""

    def enough(seeds: int) -> bool:
        return power(difference, one, two, seeds, level, example_variance, examples) >= POWER

    low, high = FEW_SEEDS - 1, FEW_SEEDS
    while not enough(high):
        if high >= MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def needed_words(test: PairTest, one: SeedSample, two: SeedSample, level: float) -> str:
    """The range of seeds that may tell two contenders apart: "7 to 40 seeds"; "" where nothing can be said.

    Args:
        test: the pair, not shown to differ.
        one, two: its contenders.
        level: of the test.
    """
    half = test.half_width
    if half is None or test.difference == 0:
        return ""
    variance = test.example_variance if test.examples else 0.0

    def needed(difference: float) -> int | None:
        return seeds_needed(difference, one, two, level, variance, test.examples)

    if test.example_share > 0.5 and needed(abs(test.difference)) is None:
        return "more test examples, not more seeds"
    fewest = needed(abs(test.difference) + half)
    if fewest is None:
        return f"more than {MOST_SEEDS:,} seeds"
    smallest = abs(test.difference) - half
    most = needed(smallest) if smallest > 0 else None
    fewest = max(fewest, test.seeds + 1)
    if most is None:
        return f"at least {fewest} seeds, perhaps many more"
    return f"{fewest} to {most} seeds" if most > fewest else f"about {fewest} seeds"
