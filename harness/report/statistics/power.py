"""The number of seeds needed to show a difference: power of t tests from the noncentral t distribution.

Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2; statsmodels' `TTestPower` and
`TTestIndPower` compute the same. The effect used is the observed one, which is uncertain with few seeds, so
the answer is an order of magnitude, and the report says "about".
"""

from __future__ import annotations

import math

from scipy import special

from harness.report.statistics.summaries import FEW_SEEDS, student_t

POWER = 0.8
MOST_SEEDS = 1000
"""Above this number of seeds the report only says "more than"."""


def paired_power(effect: float, seeds: int, level: float) -> float:
    """Probability that a two-sided paired t test detects a true standardised difference.

    Args:
        effect: mean of the differences / their standard deviation.
        seeds: pairs.
        level: of the test, after correction.
    """
    return _power(effect * math.sqrt(seeds), seeds - 1, level)


def unpaired_power(effect: float, seeds: int, level: float) -> float:
    """The same for two independent samples of equal size and spread.

    Args:
        effect: difference of means / standard deviation of one sample.
        seeds: of each sample.
        level: of the test, after correction.
    """
    return _power(effect * math.sqrt(seeds / 2), 2 * seeds - 2, level)


def _power(noncentrality: float, freedom: int, level: float) -> float:
    critical = student_t(1 - level / 2, freedom)
    below = float(special.nctdtr(freedom, noncentrality, -critical))
    above = float(special.nctdtr(freedom, noncentrality, critical))
    # Far from zero the library returns NaN instead of 1.
    return 1.0 if math.isnan(above) else (0.0 if math.isnan(below) else below) + 1 - above


def seeds_needed(effect: float, level: float, *, paired: bool = True, power: float = POWER) -> int | None:
    """The smallest number of seeds (of each model) with that power; None if more than 1,000 are needed."""
    of = paired_power if paired else unpaired_power
    low, high = FEW_SEEDS - 1, FEW_SEEDS
    while of(abs(effect), high, level) < power:
        if high >= MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if of(abs(effect), middle, level) >= power else (middle, high)
    return high


def unbiased(freedom: float) -> float:
    """Hedges' factor, which corrects a standardised difference for its bias with few values.

    J(m) = Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)), about 1 - 3 / (4 m - 1). Source: Hedges 1981,
    "Distribution Theory for Glass's Estimator of Effect Size", equation 6e. NaN below two degrees of freedom.
    """
    if freedom < 2:
        return math.nan
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)
