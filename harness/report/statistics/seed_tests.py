"""The seed test: would another training of these models rank them the same? All pairs of one comparison.

Models trained with the same seeds see the same batches in the same order, so their values are compared seed by seed:
a two-sided paired t test on the differences. Two models that share fewer than two seeds are compared by Welch's test.
If the differences do not vary at all (to the last digit), t is undefined and the sign-flip test decides instead. P
values are corrected by Holm over all pairs of the comparison.

With 3 to 5 seeds, which is what most users can afford, no distribution-free test can reach 5 % (`sign_flips`), so the t
test decides, assuming approximately normal differences; the sign-flip test is reported as a check.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy import special

from harness.report.statistics.correction import holm
from harness.report.statistics.power import seeds_needed, unbiased
from harness.report.statistics.sign_flips import enough_seeds, sign_flip, smallest_p
from harness.report.statistics.summaries import CONFIDENCE, FEW_SEEDS, student_t

LEVEL = 1 - CONFIDENCE
PAIRED, WELCH, FLIPS, NONE = "paired t", "Welch’s t", "sign flips", ""

_SAME = 1e-9
"""Differences that vary by less than this share of the values are considered constant up to rounding."""


@dataclass(frozen=True)
class SeedTest:
    """Two models over seeds.

    Attributes:
        first, second: labels, the better mean over the seeds compared first.
        method: the test that decides; "" if none can.
        seeds: number of pairs; for Welch's test the size of the smaller sample.
        paired: whether the same seeds are compared.
        difference: mean of the first minus mean of the second, over the seeds compared.
        half_width: of the 95 % t interval of the difference, for this pair alone; None if undefined.
        effect: the difference in standard deviations (of the differences if paired, else of one model's values),
            corrected for few seeds by Hedges' factor; None if undefined.
        p, adjusted: two-sided, and corrected by Holm over the family; None if nothing can be tested.
        check: p of the sign-flip test; None if not paired.
        needed: seeds for 80 % power at the family's strictest level, if the true effect is the one observed;
            None if unknown.
        reason: why nothing was tested, or "".
    """

    first: str
    second: str
    method: str
    seeds: int
    paired: bool
    difference: float
    half_width: float | None = None
    effect: float | None = None
    p: float | None = None
    adjusted: float | None = None
    check: float | None = None
    needed: int | None = None
    reason: str = ""

    @property
    def decided(self) -> bool:
        """Whether the seeds show that the first is better."""
        return self.adjusted is not None and self.adjusted <= LEVEL and self.difference != 0


@dataclass(frozen=True)
class SeedTests:
    """All pairs of a comparison.

    Attributes:
        order: labels, best mean first, those of `diverged` last; models without a value are left out.
        tests: every pair, in that order.
        level: 5 % by the number of pairs tested: what the smallest p of the family must reach.
        diverged: labels of models with a non-finite value, which are not tested.
        leaders: labels of all models with the best mean, up to rounding.
    """

    order: tuple[str, ...]
    tests: tuple[SeedTest, ...]
    level: float
    diverged: tuple[str, ...] = ()
    leaders: tuple[str, ...] = ()

    @property
    def tested(self) -> int:
        """The number of pairs in the correction."""
        return sum(t.p is not None for t in self.tests)

    def of(self, label: str) -> list[SeedTest]:
        """The pairs that include this model."""
        return [t for t in self.tests if label in (t.first, t.second)]

    def undecidable(self, test: SeedTest) -> bool:
        """Whether no data with this many seeds could have been significant."""
        if test.decided:
            return False
        return test.p is None or (test.method == FLIPS and smallest_p(test.seeds) > self.level)


def compare_seeds(samples: Mapping[str, Mapping[int, float]], *, higher_is_better: bool) -> SeedTests:
    """Test every pair.

    Args:
        samples: by label, value by seed; a model with one that is not finite, NaN included, counts as diverged.
        higher_is_better: which means are better.
    """
    frozen = tuple(
        # None for NaN, which is unequal to itself and so never found again in the cache of `_compare`.
        (label, tuple((s, None if math.isnan(v) else float(v)) for s, v in sorted(sample.items())))
        for label, sample in samples.items()
    )
    return _compare(frozen, higher_is_better)


@lru_cache(maxsize=64)
def _compare(
    samples: tuple[tuple[str, tuple[tuple[int, float | None], ...]], ...], higher_is_better: bool
) -> SeedTests:
    by_label = {
        label: {seed: math.nan if value is None else value for seed, value in sample}
        for label, sample in samples
        if sample
    }
    sign = 1.0 if higher_is_better else -1.0
    means = {label: sum(sample.values()) / len(sample) for label, sample in by_label.items()}
    diverged = tuple(label for label, mean in means.items() if not math.isfinite(mean))
    finite = [label for label in means if label not in diverged]
    finite_order = sorted(finite, key=lambda label: -sign * means[label])
    order = (*finite_order, *diverged)
    tests = [_test(a, b, by_label[a], by_label[b], means[a] - means[b]) for a, b in combinations(order, 2)]
    # Over the shared seeds, the other one may be ahead.
    tests = [_turned(t) if sign * t.difference < 0 and math.isfinite(t.difference) else t for t in tests]
    found = [t.p for t in tests if t.p is not None]
    adjusted = iter(holm(found))
    level = LEVEL / max(len(found), 1)
    # A pair that cannot be tested yet would join the family with more seeds.
    joined = LEVEL / max(len(tests), 1)
    final = []
    for test in tests:
        corrected = test if test.p is None else replace(test, adjusted=next(adjusted))
        final.append(replace(corrected, needed=_needed(corrected, joined if test.p is None else level)))
    leaders = tuple(label for label in finite_order if same_mean(means[label], means[finite_order[0]]))
    return SeedTests(order, tuple(final), level, diverged, leaders)


def same_mean(one: float, two: float) -> bool:
    """Whether two means are equal up to rounding."""
    return math.isclose(one, two, rel_tol=_SAME)


def _turned(test: SeedTest) -> SeedTest:
    effect = None if test.effect is None else -test.effect
    return replace(test, first=test.second, second=test.first, difference=-test.difference, effect=effect)


def _test(a: str, b: str, first: Mapping[int, float], second: Mapping[int, float], difference: float) -> SeedTest:
    """One pair, before correction."""
    if not all(map(math.isfinite, (*first.values(), *second.values()))):
        return SeedTest(a, b, NONE, 0, False, difference, reason="a value is not finite")
    shared = sorted(first.keys() & second.keys())
    if len(shared) < 2 <= min(len(first), len(second)):
        return _welch(a, b, list(first.values()), list(second.values()))
    differences = np.array([first[s] - second[s] for s in shared])
    if not shared:
        return SeedTest(a, b, NONE, min(len(first), len(second)), False, difference, reason="too few seeds")
    size = max(*(abs(first[s]) for s in shared), *(abs(second[s]) for s in shared))
    return _paired(a, b, differences, size)


def _paired(a: str, b: str, differences: np.ndarray, size: float) -> SeedTest:
    n, mean = len(differences), float(differences.mean())
    if n < 2:
        return SeedTest(a, b, NONE, n, True, mean, reason="too few seeds")
    check = sign_flip(differences)
    spread = float(differences.std(ddof=1))
    if spread <= _SAME * size:
        return SeedTest(a, b, FLIPS, n, True, mean, p=check, check=check)
    error = spread / math.sqrt(n)
    half_width = student_t(0.5 + CONFIDENCE / 2, n - 1) * error
    effect = mean / spread * unbiased(n - 1)
    test = SeedTest(a, b, PAIRED, n, True, mean, half_width, None if math.isnan(effect) else effect, check=check)
    if n < FEW_SEEDS:
        return replace(test, method=NONE, reason="too few seeds")
    return replace(test, p=_two_sided(mean / error, n - 1))


def _welch(a: str, b: str, first: Sequence[float], second: Sequence[float]) -> SeedTest:
    n, difference = min(len(first), len(second)), float(np.mean(first) - np.mean(second))
    variances = [float(np.var(x, ddof=1)) for x in (first, second)]
    parts = [v / len(x) for v, x in zip(variances, (first, second), strict=True)]
    if math.sqrt(sum(parts)) <= _SAME * max(map(abs, (*first, *second))):
        return SeedTest(a, b, NONE, n, False, difference, reason="the values do not vary, and no seed is shared")
    error = math.sqrt(sum(parts))
    freedom = sum(parts) ** 2 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, (first, second), strict=True))
    half_width = student_t(0.5 + CONFIDENCE / 2, freedom) * error
    total = len(first) + len(second) - 2
    pooled = math.sqrt(sum(v * (len(x) - 1) for v, x in zip(variances, (first, second), strict=True)) / total)
    effect = difference / pooled * unbiased(total)
    test = SeedTest(a, b, WELCH, n, False, difference, half_width, effect)
    if n < FEW_SEEDS:
        return replace(test, method=NONE, reason="too few seeds")
    return replace(test, p=_two_sided(difference / error, freedom))


def _two_sided(t: float, freedom: float) -> float:
    return float(2 * special.stdtr(freedom, -abs(t)))


def _needed(test: SeedTest, level: float) -> int | None:
    """Seeds for 80 % power at this level, more than the current number; None if too many or unknown."""
    if test.decided or test.reason not in ("", "too few seeds"):
        return None
    if test.half_width is None and test.method != FLIPS:
        return FEW_SEEDS
    if test.difference == 0:
        return None
    if test.half_width is None:
        return max(enough_seeds(level), test.seeds + 1)
    effect = test.effect
    if effect is None:  # two seeds: half width = t(0.975, 1) spread / sqrt(2)
        effect = test.difference / test.half_width * student_t(0.5 + CONFIDENCE / 2, 1) / math.sqrt(2)
    found = seeds_needed(effect, level, paired=test.paired)
    return None if found is None else max(found, test.seeds + 1, FEW_SEEDS)
