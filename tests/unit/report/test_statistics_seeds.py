"""Seed tests: t, Holm, sign flips, power and effect sizes against scipy, statsmodels and published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower, TTestPower

from harness.report.statistics import (
    SeedTest,
    compare_seeds,
    holm,
    paired_power,
    seeds_needed,
    sign_flip,
    unpaired_power,
)
from harness.report.statistics.power import unbiased
from harness.report.statistics.sign_flips import DRAWS, enough_seeds, smallest_p

# Student 1908, "The Probable Error of a Mean": hours of sleep gained by ten patients with two drugs (R: `sleep`).
FIRST = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
SECOND = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
# Darwin's maize, crossed minus selfed, in eighths of an inch; Fisher 1935, "The Design of Experiments", section 21.
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)

samples = st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=3, max_size=12)


def by_seed(values, start: int = 0) -> dict[int, float]:
    return {start + i: float(v) for i, v in enumerate(values)}


def only(a, b, *, higher: bool = True, start: int = 0) -> SeedTest:
    (test,) = compare_seeds({"a": by_seed(a), "b": by_seed(b, start)}, higher_is_better=higher).tests
    return test


def test_students_sleep_data_give_the_published_paired_test():
    test = only(SECOND, FIRST)  # R: t = 4.0621, df = 9, p = 0.002833, interval 0.7001142 to 2.4598858
    assert (test.first, test.method, test.seeds, test.paired) == ("a", "paired t", 10, True)
    assert test.p == pytest.approx(0.002833, abs=5e-7)
    assert test.difference == pytest.approx(1.58)
    assert test.difference - test.half_width == pytest.approx(0.7001142, abs=1e-7)
    assert test.difference + test.half_width == pytest.approx(2.4598858, abs=1e-7)


def test_the_same_data_of_other_seeds_give_the_published_welch_test():
    test = only(SECOND, FIRST, start=100)  # R: t = 1.8608, df = 17.776, p = 0.07939, interval -0.2055 to 3.3655
    assert (test.method, test.paired) == ("Welch’s t", False)
    assert test.p == pytest.approx(0.07939, abs=5e-6)
    assert test.difference - test.half_width == pytest.approx(-0.2054832, abs=1e-7)
    assert test.difference + test.half_width == pytest.approx(3.3654832, abs=1e-7)


@given(samples)
def test_paired_and_welch_are_scipys(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    differences = np.subtract(a, b)
    if np.std(differences) > 1e-3:
        theirs = stats.ttest_rel(a, b)
        interval = theirs.confidence_interval(0.95)
        test = only(a, b)
        assert test.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
        assert test.half_width == pytest.approx((interval.high - interval.low) / 2, rel=1e-6)
    if min(np.std(a), np.std(b)) > 1e-3:
        welch = stats.ttest_ind(a, b, equal_var=False)
        assert only(a, b, start=50).p == pytest.approx(welch.pvalue, rel=1e-6, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=10)  # 0.1 s a call of theirs
def test_holm_is_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)


def test_every_pair_is_corrected_over_the_family():
    dice = np.random.default_rng(5)
    values = {f"m{i}": by_seed(dice.normal(i, 1.0, 6)) for i in range(4)}
    family = compare_seeds(values, higher_is_better=True)
    assert (len(family.tests), family.tested, family.level) == (6, 6, pytest.approx(0.05 / 6))
    p = [stats.ttest_rel(list(values[t.first].values()), list(values[t.second].values())).pvalue for t in family.tests]
    assert [t.adjusted for t in family.tests] == pytest.approx(multipletests(p, method="holm")[1])
    assert family.order == tuple(sorted(values, key=lambda m: -np.mean(list(values[m].values()))))


def test_fishers_analysis_of_darwins_maize():
    """1,726 of the 32,768 ways lie at least as far from 0 (863 on one side): 5.267 %."""
    assert sign_flip(np.array(MAIZE, dtype=float)) == pytest.approx(1726 / 32768, abs=1e-12)


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=9))
def test_sign_flips_are_scipys_permutation_test(differences):
    theirs = stats.permutation_test(
        (np.array(differences, dtype=float),), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip(np.array(differences, dtype=float)) == pytest.approx(theirs.pvalue)


def test_many_seeds_are_drawn_and_agree_with_wilcoxon_about_where_they_are():
    dice = np.random.default_rng(7)
    differences = dice.normal(0.5, 1.0, 30)
    p = sign_flip(differences)
    assert p == sign_flip(differences)
    t = stats.ttest_1samp(differences, 0.0).pvalue
    assert p == pytest.approx(t, abs=4 * math.sqrt(t / DRAWS) + 0.002)
    assert sign_flip(np.ones(40)) == smallest_p(40) == 1 / (DRAWS + 1)


@pytest.mark.parametrize(("seeds", "least"), [(2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_the_smallest_attainable_p_is_wilcoxons(seeds, least):
    assert smallest_p(seeds) == least == stats.wilcoxon(np.arange(1, seeds + 1)).pvalue
    assert sign_flip(np.arange(1.0, seeds + 1)) == least
    assert smallest_p(enough_seeds(0.05)) <= 0.05 < smallest_p(enough_seeds(0.05) - 1)


@given(st.floats(0.1, 1.0), st.integers(3, 24), st.sampled_from([0.05, 0.01, 0.0033]))
def test_power_is_statsmodels(effect, seeds, level):
    paired = TTestPower().power(effect, seeds, level)
    unpaired = TTestIndPower().power(effect, seeds, level)
    assert paired_power(effect, seeds, level) == pytest.approx(paired, abs=1e-6)
    assert unpaired_power(effect, seeds, level) == pytest.approx(unpaired, abs=1e-6)


@pytest.mark.parametrize(("effect", "seeds"), [(2.0, 12), (3.0, 40), (10.0, 100)])
def test_power_of_large_effects_is_that_of_one_side(effect, seeds):
    """Where statsmodels gives NaN, since the library's lower tail underflows."""
    critical = stats.t.ppf(1 - 0.0033 / 2, seeds - 1)
    above = stats.nct.sf(critical, seeds - 1, effect * math.sqrt(seeds))
    assert paired_power(effect, seeds, 0.0033) == pytest.approx(1.0 if math.isnan(above) else above, abs=1e-9)


@pytest.mark.parametrize(("effect", "paired", "published"), [(0.2, False, 394), (0.5, False, 64), (0.8, False, 26)])
def test_seeds_needed_are_cohens(effect, paired, published):
    """Cohen 1992, "A Power Primer", table 2: 80 % power at two-sided 5 %; 393, 64 and 26 a group, rounded there."""
    assert seeds_needed(effect, 0.05, paired=paired) == published
    assert TTestIndPower().solve_power(effect, power=0.8, alpha=0.05) == pytest.approx(published, abs=1.0)


@given(st.floats(0.25, 4.0), st.sampled_from([0.05, 0.005]))
def test_seeds_needed_are_the_first_with_that_power(effect, level):
    needed = seeds_needed(effect, level)
    assert needed is not None
    assert paired_power(effect, needed, level) >= 0.8
    assert needed >= 3
    if needed > 3:
        assert paired_power(effect, needed - 1, level) < 0.8


def test_too_many_seeds_are_no_number():
    assert seeds_needed(0.01, 0.05) is None
    assert seeds_needed(0.0, 0.05) is None


@pytest.mark.parametrize(("freedom", "published"), [(2, 0.5642), (5, 0.8408), (10, 0.9228), (30, 0.9748)])
def test_hedges_factor_is_the_published_one(freedom, published):
    """Hedges 1981: the exact factor by the gamma function, and the approximation 1 - 3 / (4 m - 1) that he gives."""
    assert unbiased(freedom) == pytest.approx(published, abs=1e-4)
    assert unbiased(freedom) == pytest.approx(
        special.gamma(freedom / 2) / math.sqrt(freedom / 2) / special.gamma((freedom - 1) / 2)
    )
    assert unbiased(freedom) == pytest.approx(1 - 3 / (4 * freedom - 1), abs=0.01)


def test_the_effect_is_the_standardised_difference():
    differences = np.subtract(SECOND, FIRST)
    assert only(SECOND, FIRST).effect == pytest.approx(differences.mean() / differences.std(ddof=1) * unbiased(9))
    pooled = math.sqrt((np.var(FIRST, ddof=1) + np.var(SECOND, ddof=1)) / 2)
    assert only(SECOND, FIRST, start=50).effect == pytest.approx(1.58 / pooled * unbiased(18))


def test_hedges_effect_is_unbiased():
    dice = np.random.default_rng(11)
    found = [only(row, np.zeros(5)) for row in dice.normal(1.0, 1.0, (4000, 5))]
    effects = np.array([t.effect if t.first == "a" else -(t.effect or 0.0) for t in found], dtype=float)
    assert effects.mean() == pytest.approx(1.0, abs=3 * effects.std() / math.sqrt(4000))


def test_the_pair_is_ordered_by_the_seeds_that_both_have():
    family = compare_seeds(
        {"a": {0: 1.0, 1: 1.1, 2: 1.3, 3: 9.0}, "b": {0: 2.0, 1: 2.2, 2: 2.1}}, higher_is_better=True
    )
    assert family.order == ("a", "b")
    (test,) = family.tests
    assert (test.first, test.second, test.seeds) == ("b", "a", 3)
    assert test.difference == pytest.approx(2.1 - 3.4 / 3)
    assert only([1.0, 1.2, 1.1], [2.0, 2.1, 2.3], higher=False).first == "a"


@pytest.mark.parametrize(("seeds", "needed"), [(1, 3), (2, 3)])
def test_below_three_seeds_nothing_is_tested(seeds, needed):
    test = only([9.0, 9.1][:seeds], [1.0, 1.2][:seeds])
    assert (test.p, test.adjusted, test.decided, test.reason) == (None, None, False, "too few seeds")
    assert test.needed == needed


def test_a_small_observed_difference_needs_many_seeds():
    test = only([1.0, 2.0, 3.0, 2.5], [0.8, 2.1, 2.4, 2.6])
    assert not test.decided
    effect = test.effect
    assert test.needed == math.ceil(TTestPower().solve_power(effect, power=0.8, alpha=0.05))


@pytest.mark.parametrize(("seeds", "decided"), [(3, False), (5, False), (6, True)])
def test_differences_that_do_not_vary_are_left_to_sign_flips(seeds, decided):
    """t would call any of these certain: accuracies that differ by exactly one example at every seed."""
    a, b = np.arange(seeds) + 0.1, np.arange(seeds) - 0.4
    test = only(a, b)
    family = compare_seeds({"a": by_seed(a), "b": by_seed(b)}, higher_is_better=True)
    assert (test.method, test.p, test.decided) == ("sign flips", 2.0 ** (1 - seeds), decided)
    assert family.undecidable(test) == (not decided)
    assert test.needed == (None if decided else 6)


def test_a_value_that_is_not_finite_is_not_tested():
    test = only([1.0, math.inf, 2.0], [1.0, 2.0, 3.0], higher=False)
    assert (test.first, test.p, test.reason) == ("b", None, "a value is not finite")
    for higher in (True, False):
        family = compare_seeds({"a": {0: math.nan, 1: 9.0}, "b": {0: 1.0, 1: 2.0}}, higher_is_better=higher)
        assert (family.order, family.diverged, family.leaders) == (("b", "a"), ("a",), ("b",))


def test_equal_models_are_never_different():
    test = only([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    assert (test.difference, test.p, test.decided, test.needed) == (0.0, 1.0, False, None)
