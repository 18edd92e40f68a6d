"""Summary of a sample over seeds: mean, median, best, and a confidence interval of the mean with its method.

Below 20 seeds the interval is Student's t. A plain bootstrap interval of a mean has far too little coverage
there: 0.77 for 3 seeds, 0.82 for 5, 0.89 for 10, and BCa is no better. From 20 on it is the expanded percentile
bootstrap: percentiles moved outwards as required by t and (n - 1) / n, since plain percentiles still cover only 0.93
with 20 normally distributed seeds.

Source: Hesterberg 2015, "What Teachers Should Know About the Bootstrap", The American Statistician 69 (4), where it is
the expanded percentile interval; percentile levels Phi(-sqrt(n / (n - 1)) t(0.975, n - 1)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import special

CONFIDENCE = 0.95
FEW_SEEDS = 3
"""With fewer seeds than this, no comparison of means counts as evidence."""
BOOTSTRAP_FROM = 20
"""From this number of seeds on, intervals are bootstrap intervals."""
RESAMPLES, DRAW_SEED = 4999, 0
"""The number of resamples, and their random seed: the same values always give the same interval."""


@dataclass(frozen=True)
class Summary:
    """A sample over seeds.

    Attributes:
        values: one per seed; a NaN among them makes the mean, the median and the best NaN.
    """

    values: tuple[float, ...]

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return len(self.values)

    @cached_property
    def mean(self) -> float:
        """NaN if there is no value."""
        if not self.values:
            return math.nan
        with np.errstate(invalid="ignore"):  # infinities of both signs
            return float(np.mean(self.values))

    @cached_property
    def median(self) -> float:
        """NaN if there is no value."""
        return float(np.median(self.values)) if self.values else math.nan

    def best(self, higher_is_better: bool) -> float:
        """The best value; NaN if there is none, or one of them is."""
        if any(map(math.isnan, self.values)):
            return math.nan
        return (max if higher_is_better else min)(self.values, default=math.nan)

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean; None below two seeds, NaN if a value is infinite."""
        return _interval(self.values)

    @property
    def half_width(self) -> float | None:
        """Half the interval's width; a bootstrap interval need not be symmetric about the mean."""
        return None if self.interval is None else (self.interval[1] - self.interval[0]) / 2

    @property
    def method(self) -> str:
        """The method of the interval: "Student-t", "bootstrap", or "" without one."""
        if self.seeds < 2:
            return ""
        return "Student-t" if self.seeds < BOOTSTRAP_FROM else "bootstrap"


def summarise(values: Sequence[float | None]) -> Summary:
    """The values that are present and not NaN."""
    return Summary(tuple(float(v) for v in values if v is not None and not math.isnan(v)))


def interval_words(summaries: Iterable[Summary]) -> str:
    """The methods of the intervals of a table, for its caption: "95 % Student-t interval"."""
    methods = sorted({s.method for s in summaries} - {""}, reverse=True)
    if len(methods) == 2:
        return f"95 % interval (Student-t below {BOOTSTRAP_FROM} seeds, bootstrap from there)"
    return f"95 % {methods[0] if methods else 'Student-t'} interval"


def student_t(level: float, freedom: float) -> float:
    """The quantile of Student's t distribution."""
    return float(special.stdtrit(freedom, level))


@lru_cache(maxsize=4096)
def _interval(values: tuple[float, ...]) -> tuple[float, float] | None:
    """t interval: mean ± t(0.975, n - 1) s / sqrt(n), with n - 1 in the denominator of s²."""
    n = len(values)
    if n < 2:
        return None
    if not all(map(math.isfinite, values)):
        return math.nan, math.nan
    factor = student_t(0.5 + CONFIDENCE / 2, n - 1)
    sample = np.array(values)
    if n < BOOTSTRAP_FROM or np.ptp(sample) == 0:
        mean, half = float(sample.mean()), factor * float(sample.std(ddof=1)) / math.sqrt(n)
        return mean - half, mean + half
    from scipy import stats

    expanded = 1 - 2 * float(special.ndtr(-math.sqrt(n / (n - 1)) * factor))
    found = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=expanded,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(DRAW_SEED),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
