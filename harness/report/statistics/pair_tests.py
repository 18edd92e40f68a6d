"""Is one model better than another? All pairs of one comparison, over seeds and test examples at once.

A score has two sources of chance: the seed of the training and the examples of the test split. A claim about models
must hold for both, so a difference of two means over seeds has the two-way standard error

    sqrt(s_a² / n_a + s_b² / n_b + e²)

with s² the variance over seeds, n the number of seeds, and e² the variance of the difference over test examples
(`jackknife`; 0 where it is unknown, which `PairTest.examples` says). The first two terms are Welch's, with
Satterthwaite's degrees of freedom; a baseline without seeds has no such term. The third is added as `two_variances`
says, never lending its degrees of freedom to the few seeds. Variances are not pooled: models differ in spread by an
order of magnitude, and pooled methods then claim far too often.

Sources: Welch 1947; Satterthwaite 1946; for two crossed sources of variance, Owen 2007, "The pigeonhole bootstrap".
The seed term contains the interaction of seeds and examples, and so does e²: the sum errs on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from harness.report.statistics.correction import holm
from harness.report.statistics.jackknife import ExampleErrors
from harness.report.statistics.summaries import CONFIDENCE, FEW_SEEDS
from harness.report.statistics.two_variances import Part, half_width, p_value, satterthwaite

LEVEL = 1 - CONFIDENCE
"""The level of every claim: two-sided 5 %."""

CONSTANT = "the values do not vary"

_SAME = 1e-9
"""Means that differ by less than this share are equal up to rounding, and so is a spread below it constant."""


@dataclass(frozen=True)
class SeedSample:
    """What is known of one contender.

    Attributes:
        values: of the metric, one a seed, all finite; of a baseline without seeds, its one value.
        seeded: whether it has seeds; a baseline that draws nothing has none, so its value does not vary.
        is_model: whether it is a model; else it is a baseline.
    """

    values: tuple[float, ...]
    seeded: bool = True
    is_model: bool = True

    @property
    def seeds(self) -> int:
        """How many seeds; 0 without any."""
        return len(self.values) if self.seeded else 0

    @property
    def mean(self) -> float:
        """Over seeds."""
        return math.fsum(self.values) / len(self.values)

    @property
    def variance(self) -> float:
        """Over seeds, n - 1 in the denominator; 0 without seeds, NaN with one."""
        if not self.seeded:
            return 0.0
        if len(self.values) < 2:
            return math.nan
        mean = self.mean
        spread = math.fsum((v - mean) ** 2 for v in self.values) / (len(self.values) - 1)
        return 0.0 if math.sqrt(spread) <= _SAME * abs(mean) else spread

    @property
    def enough(self) -> bool:
        """Whether it can be compared: without seeds, or with at least `FEW_SEEDS`."""
        return not self.seeded or len(self.values) >= FEW_SEEDS


@dataclass(frozen=True)
class PairTest:
    """Two contenders.

    Attributes:
        first, second: labels, the better mean first.
        difference: mean of the first minus mean of the second, in the metric's unit.
        seeds: the smaller number of seeds (of those that have seeds).
        seed_variance, example_variance: the parts of the squared standard error; NaN where unknown.
        examples: number of independent test examples, or blocks of dependent ones, in the standard error; 0 where
            their part is unknown.
        freedom: degrees of freedom of the seeds' part; NaN where it is 0 or unknown.
        p, adjusted: two-sided, and corrected by Holm over the pairs of models; None if nothing can be tested. The
            adjusted one is also None for a pair with a baseline, which is not in that family.
        reason: why nothing was tested, or "".
    """

    first: str
    second: str
    difference: float
    seeds: int
    seed_variance: float
    example_variance: float = math.nan
    examples: int = 0
    freedom: float = math.nan
    p: float | None = None
    adjusted: float | None = None
    reason: str = ""

    @property
    def error(self) -> float:
        """The two-way standard error of the difference; NaN where unknown."""
        return math.sqrt(self.seed_variance + (self.example_variance if self.examples else 0.0))

    @property
    def half_width(self) -> float | None:
        """Of the 95 % interval of the difference, for this pair alone; None where undefined."""
        return half_width(self.parts, LEVEL) if self.parts and math.isfinite(self.error) else None

    @property
    def parts(self) -> list[Part]:
        """The squared standard error's parts that are not 0, each with its degrees of freedom."""
        seeds = [(self.seed_variance, self.freedom)] if math.isfinite(self.freedom) else []
        known = [(self.example_variance, self.examples - 1.0)] if self.examples and self.example_variance > 0 else []
        return [*seeds, *known]

    @property
    def example_share(self) -> float:
        """The share of the squared standard error that is due to test examples, 0 to 1; NaN where unknown."""
        whole = self.error**2
        return self.example_variance / whole if self.examples and whole > 0 else math.nan

    def shown(self, level: float = LEVEL) -> bool:
        """Whether the first is shown to be better, at this level for this pair alone."""
        return self.p is not None and self.p <= level and self.difference != 0

    def joins(self, label: str) -> bool:
        """Whether this contender is one of the two."""
        return label in (self.first, self.second)

    def other(self, label: str) -> str:
        """The one that it is compared with."""
        return self.second if label == self.first else self.first


@dataclass(frozen=True)
class PairTests:
    """All pairs of a comparison.

    Attributes:
        order: labels, best mean first.
        models: those of them that are models, in this order; the others are baselines.
        tests: every pair with at least one model.
        samples: by label.
    """

    order: tuple[str, ...]
    models: tuple[str, ...]
    tests: tuple[PairTest, ...]
    samples: Mapping[str, SeedSample]

    @property
    def tested(self) -> int:
        """The number of pairs of models in Holm's correction."""
        return sum(t.adjusted is not None for t in self.tests)

    def of(self, label: str) -> list[PairTest]:
        """The pairs that include this contender."""
        return [t for t in self.tests if t.joins(label)]

    def between(self, one: str, two: str) -> PairTest:
        """The test of two contenders, in whichever order they stand.

        Raises:
            KeyError: there is no such pair.
        """
        for test in self.tests:
            if test.joins(one) and test.joins(two) and one != two:
                return test
        raise KeyError((one, two))


def compare_pairs(
    samples: Mapping[str, SeedSample], examples: ExampleErrors | None = None, *, higher_is_better: bool
) -> PairTests:
    """Test every pair of models, and every model against every baseline.

    Args:
        samples: by label.
        examples: covariance over test examples; None where unknown.
        higher_is_better: which means are better.
    """
    sign = 1.0 if higher_is_better else -1.0
    means = {label: sample.mean for label, sample in samples.items()}
    order = tuple(sorted(samples, key=lambda label: -sign * means[label]))
    models = tuple(label for label in order if samples[label].is_model)
    pairs = [(a, b) for a, b in combinations(order, 2) if samples[a].is_model or samples[b].is_model]
    tests = [_test(a, b, samples[a], samples[b], examples) for a, b in pairs]
    among = [i for i, (a, b) in enumerate(pairs) if {a, b} <= set(models) and tests[i].p is not None]
    for i, p in zip(among, holm([tests[i].p or 0.0 for i in among]), strict=True):
        tests[i] = replace(tests[i], adjusted=p)
    return PairTests(order, models, tuple(tests), samples)


def same_mean(one: float, two: float) -> bool:
    """Whether two means are equal up to rounding."""
    return math.isclose(one, two, rel_tol=_SAME)


def error_parts(a: SeedSample, b: SeedSample) -> list[tuple[float, float]]:
    """The seed terms of the squared standard error, each with its degrees of freedom."""
    return [(s.variance / s.seeds, s.seeds - 1.0) for s in (a, b) if s.seeded]


def _test(a: str, b: str, one: SeedSample, two: SeedSample, examples: ExampleErrors | None) -> PairTest:
    """One pair, before correction; `a` has the better mean."""
    seeds = min(s.seeds for s in (one, two) if s.seeded)
    difference = 0.0 if same_mean(one.mean, two.mean) else one.mean - two.mean
    parts = error_parts(one, two) if min(len(one.values), len(two.values)) and seeds > 1 else []
    seed_variance = sum(v for v, _ in parts) if parts else math.nan
    known = examples.variance(a, b) if examples is not None else None
    test = PairTest(a, b, difference, seeds, seed_variance)
    if known is not None and examples is not None:
        test = replace(test, example_variance=known, examples=examples.examples)
    test = replace(test, freedom=satterthwaite(parts))
    if not (one.enough and two.enough):
        return replace(test, reason="too few seeds")
    if difference == 0:
        return replace(test, p=1.0)
    return replace(test, p=p_value(difference, test.parts)) if test.parts else replace(test, reason=CONSTANT)
