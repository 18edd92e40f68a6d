"""How many seeds would tell two models apart: power of the two-way test from the noncentral t distribution.

The true difference is not known, only its interval, so the answer is a range: the number needed if the difference is
as large as the interval allows, and if it is as small. More seeds shrink only the seeds' part of the standard error; if
the test examples' part is too large, no number of seeds is enough and the answer says so.

Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2; statsmodels' `TTestIndPower`
computes the same without the part of the test examples.
"""

from __future__ import annotations

import math

from scipy import special

from harness.report.statistics.pair_tests import PairTest, SeedSample
from harness.report.statistics.summaries import FEW_SEEDS
from harness.report.statistics.two_variances import half_width, satterthwaite

POWER = 0.8
MOST_SEEDS = 1000
"""Above this number of seeds the report only says "more than"."""


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
    seed_parts = [(s.variance / seeds, seeds - 1.0) for s in (one, two) if s.seeded]
    seed_variance, freedom = sum(v for v, _ in seed_parts), satterthwaite(seed_parts)
    parts = [(seed_variance, freedom)] if seed_variance > 0 else []
    parts += [(example_variance, examples - 1.0)] if examples and example_variance > 0 else []
    if not parts:
        return 1.0 if difference else 0.0
    error = math.sqrt(sum(v for v, _ in parts))
    critical, noncentrality = half_width(parts, level) / error, abs(difference) / error
    whole = satterthwaite(parts)
    below, above = (float(special.nctdtr(whole, noncentrality, x)) for x in (-critical, critical))
    # Far from zero the library returns NaN instead of 1.
    return 1.0 if math.isnan(above) else (0.0 if math.isnan(below) else below) + 1 - above


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
