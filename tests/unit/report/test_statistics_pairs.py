"""Tests between models: Welch, the jackknife, Holm and power against scipy, statsmodels and published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

from harness.report.statistics import (
    ExampleErrors,
    PairTest,
    SeedSample,
    by_block,
    compare_pairs,
    example_errors,
    holm,
    seeds_needed,
)
from harness.report.statistics.power import needed_words, power
from harness.report.statistics.two_variances import half_width, p_value

# Student 1908, "The Probable Error of a Mean": hours of sleep gained by ten patients with two drugs (R: `sleep`).
FIRST = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
SECOND = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)

samples = st.lists(st.floats(-100, 100), min_size=3, max_size=12).filter(lambda v: np.std(v) > 1e-3)


def only(a, b, *, higher: bool = True, examples: ExampleErrors | None = None, seeded: bool = True) -> PairTest:
    given_ = {"a": SeedSample(tuple(a)), "b": SeedSample(tuple(b), seeded, is_model=seeded)}
    (test,) = compare_pairs(given_, examples, higher_is_better=higher).tests
    return test


def test_students_sleep_data_give_the_published_welch_test():
    test = only(SECOND, FIRST)  # R: t = 1.8608, df = 17.776, p = 0.07939, interval -0.2055 to 3.3655
    assert (test.first, test.seeds, test.freedom) == ("a", 10, pytest.approx(17.776, abs=1e-3))
    assert test.p == pytest.approx(0.07939, abs=5e-6)
    assert test.difference - test.half_width == pytest.approx(-0.2054832, abs=1e-7)
    assert test.difference + test.half_width == pytest.approx(3.3654832, abs=1e-7)


@given(samples, samples)
def test_over_seeds_it_is_scipys_welch_test(a, b):
    theirs = stats.ttest_ind(a, b, equal_var=False)
    assert only(a, b).p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)


@given(samples, st.floats(-100, 100))
def test_against_a_baseline_it_is_scipys_test_of_one_sample(a, value):
    test = only(a, [value], seeded=False)
    assert test.p == pytest.approx(stats.ttest_1samp(a, value).pvalue, rel=1e-6, abs=1e-12)
    assert test.adjusted is None  # the family of pairs is that of models


def test_the_variance_over_examples_is_added_with_its_own_degrees_of_freedom():
    errors = ExampleErrors(("a", "b"), np.array([[0.5, 0.2], [0.2, 0.4]]), 50)
    test = only(SECOND, FIRST, examples=errors)
    seeds, examples = (np.var(SECOND, ddof=1) + np.var(FIRST, ddof=1)) / 10, 0.5 + 0.4 - 2 * 0.2
    assert test.error == pytest.approx(math.sqrt(seeds + examples))
    squares = stats.t.ppf(0.975, test.freedom) ** 2 * seeds + stats.t.ppf(0.975, 49) ** 2 * examples
    assert (test.freedom, test.half_width) == (pytest.approx(17.776, abs=1e-3), pytest.approx(math.sqrt(squares)))
    assert half_width(test.parts, test.p) == pytest.approx(1.58)
    assert test.example_share == pytest.approx(examples / (seeds + examples))


@given(st.floats(0.01, 50), st.floats(0.01, 10), st.floats(0.01, 10), st.integers(2, 9), st.integers(2, 2000))
def test_a_p_value_is_the_level_whose_interval_just_reaches_zero(difference, seeds, examples, few, many):
    parts = [(seeds, few), (examples, many)]
    p = p_value(difference, parts)
    if p > 0:
        assert half_width(parts, p) == pytest.approx(difference, rel=1e-6)
    alone = [2 * stats.t.sf(difference / math.sqrt(v), f) for v, f in parts]
    assert p >= max(alone) * (1 - 1e-9) or max(alone) < 1e-16  # never surer than with one source of chance


@pytest.mark.parametrize("examples", [0.1, 0.3, 1.0])
def test_few_seeds_do_not_borrow_the_examples_degrees_of_freedom(examples):
    """Where they do, 7 % of equal models are called different at 5 %, and 2 % at 0.5 %."""
    dice = np.random.default_rng(20)
    worlds = dice.normal(size=(20_000, 3)) + examples * dice.normal(size=(20_000, 1))
    wrong = {level: 0 for level in (0.05, 0.005)}
    for mean, variance in zip(worlds.mean(1), worlds.var(1, ddof=1) / 3, strict=True):
        for level in wrong:
            wrong[level] += abs(mean) > half_width([(variance, 2.0), (examples**2, 999.0)], level)
    assert wrong[0.05] / 20_000 <= 0.053
    assert wrong[0.005] / 20_000 <= 0.0065


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=10)  # 0.1 s a call of theirs
def test_holm_is_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)


def test_every_pair_of_models_is_corrected_over_the_family():
    dice = np.random.default_rng(5)
    values = {f"m{i}": SeedSample(tuple(dice.normal(i, 1.0, 6))) for i in range(4)} | {
        "base": SeedSample((0.0,), False, False)
    }
    found = compare_pairs(values, higher_is_better=True)
    among = [t for t in found.tests if not t.joins("base")]
    assert (len(found.tests), found.tested, len(among)) == (10, 6, 6)
    p = [stats.ttest_ind(values[t.first].values, values[t.second].values, equal_var=False).pvalue for t in among]
    assert [t.adjusted for t in among] == pytest.approx(multipletests(p, method="holm")[1])
    assert found.order == tuple(sorted(values, key=lambda m: -values[m].mean))


@pytest.mark.parametrize("seeds", [1, 2])
def test_below_three_seeds_nothing_is_tested(seeds):
    test = only([9.0, 9.1][:seeds], [1.0, 1.2, 1.3])
    assert (test.p, test.adjusted, test.reason) == (None, None, "too few seeds")


def test_values_that_do_not_vary_are_tested_over_examples_or_not_at_all():
    """t over seeds would call any difference certain: accuracies that are equal at every seed."""
    test = only([80.0] * 5, [79.0] * 5)
    assert (test.p, test.reason, test.half_width) == (None, "the values do not vary", None)
    errors = ExampleErrors(("a", "b"), np.array([[0.5, 0.0], [0.0, 0.5]]), 100)
    found = only([80.0] * 5, [79.0] * 5, examples=errors)
    assert found.p == pytest.approx(2 * stats.t.sf(1.0, 99))


def test_equal_models_are_never_different():
    test = only([1.0, 2.0, 4.0], [4.0, 2.0, 1.0])
    assert (test.difference, test.p, test.shown()) == (0.0, 1.0, False)


# -- the jackknife -------------------------------------------------------------------------------------


def ratio(sums: np.ndarray) -> np.ndarray:
    return 100.0 * sums[..., 0] / sums[..., 1]


def test_of_a_mean_it_is_the_variance_of_the_mean():
    dice = np.random.default_rng(1)
    right = dice.integers(0, 2, (2, 40)).astype(float)
    tables = {label: [np.column_stack([row, np.ones(40)])] for label, row in zip("ab", right, strict=True)}
    found = example_errors(tables, ratio)
    assert found is not None
    difference = 100 * (right[0] - right[1])
    assert found.variance("a", "b") == pytest.approx(difference.var(ddof=1) / 40)
    assert found.covariance == pytest.approx(np.cov(100 * right) / 40)


def test_of_a_corpus_score_it_leaves_out_one_example_at_a_time():
    dice = np.random.default_rng(2)
    tables = {label: [dice.integers(1, 9, (12, 2)).astype(float) for _ in range(3)] for label in "ab"}
    found = example_errors(tables, ratio)
    assert found is not None

    def mean_without(label: str, i: int) -> float:
        return float(np.mean([ratio(np.delete(t, i, 0).sum(0)) for t in tables[label]]))

    left = np.array([mean_without("a", i) - mean_without("b", i) for i in range(12)])
    assert found.variance("a", "b") == pytest.approx(11 / 12 * ((left - left.mean()) ** 2).sum())
    assert found.variance("a", "nobody") is None


def test_dependent_examples_are_left_out_block_by_block():
    dice = np.random.default_rng(3)
    rows = [dice.integers(1, 9, (6, 2)).astype(float) for _ in "ab"]
    blocks = ["x", "", "y", "x", "", "y"]  # in blocks of 2, 1, 2 and 1
    found = example_errors({label: [by_block(t, blocks)] for label, t in zip("ab", rows, strict=True)}, ratio)
    assert found is not None
    assert found.examples == 4
    parts = ([0, 3], [1], [2, 5], [4])
    left = np.array([np.subtract(*(ratio(np.delete(t, part, 0).sum(0)) for t in rows)) for part in parts])
    assert found.variance("a", "b") == pytest.approx(3 / 4 * ((left - left.mean()) ** 2).sum())


def test_without_blocks_every_example_stands_alone():
    table = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(by_block(table, ["", "", ""]), table)


def test_one_example_or_a_score_that_is_undefined_has_no_variance():
    assert example_errors({"a": [np.ones((1, 2))]}, ratio) is None
    with np.errstate(divide="ignore", invalid="ignore"):
        assert example_errors({"a": [np.array([[1.0, 1.0], [1.0, 0.0]])]}, ratio) is None


# -- power ---------------------------------------------------------------------------------------------

UNIT = SeedSample((-math.sqrt(0.5), math.sqrt(0.5)))  # variance 1


@given(st.floats(0.1, 1.0), st.integers(20, 60), st.sampled_from([0.05, 0.01, 0.0033]))
def test_power_with_many_seeds_is_statsmodels(effect, seeds, level):
    theirs = TTestIndPower().power(effect, seeds, level)
    assert power(effect, UNIT, UNIT, seeds, level, 0.0, 0) == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize(
    ("effect", "seeds", "spread"), [(2.0, 2, 1.0), (2.0, 3, 1.0), (2.0, 5, 1.0), (4.0, 3, 3.0), (4.0, 5, 3.0)]
)
def test_power_with_few_seeds_is_how_often_welchs_test_finds_the_difference(effect, seeds, spread):
    dice = np.random.default_rng(20261201)
    first, second = dice.normal(effect, 1, (100_000, seeds)), dice.normal(0, spread, (100_000, seeds))
    found = (stats.ttest_ind(first, second, axis=1, equal_var=False).pvalue <= 0.05).mean()
    wide = SeedSample((-spread * math.sqrt(0.5), spread * math.sqrt(0.5)))
    assert power(effect, UNIT, wide, seeds, 0.05, 0.0, 0) == pytest.approx(found, abs=0.006)


def test_power_of_a_model_against_a_baseline_without_seeds_is_that_of_one_sample():
    dice = np.random.default_rng(20261202)
    found = (stats.ttest_1samp(dice.normal(1.5, 1, (100_000, 4)), 0, axis=1).pvalue <= 0.05).mean()
    fixed = SeedSample((0.0,), seeded=False)
    assert power(1.5, UNIT, fixed, 4, 0.05, 0.0, 0) == pytest.approx(found, abs=0.006)


@pytest.mark.parametrize(("effect", "published"), [(0.2, 394), (0.5, 64), (0.8, 26)])
def test_seeds_needed_are_cohens(effect, published):
    """Cohen 1992, "A Power Primer", table 2: 80 % power at two-sided 5 %; 393, 64 and 26 a group, rounded there."""
    assert seeds_needed(effect, UNIT, UNIT, 0.05) == published


def test_examples_put_a_floor_under_the_error_that_no_seeds_remove():
    assert seeds_needed(1.0, UNIT, UNIT, 0.05, 0.01, 500) is not None
    assert seeds_needed(1.0, UNIT, UNIT, 0.05, 0.5, 500) is None


def test_the_seeds_needed_are_a_range_and_say_when_seeds_cannot_help():
    def words(a, b, examples=None):
        return needed_words(only(a, b, examples=examples), SeedSample(tuple(a)), SeedSample(tuple(b)), 0.05)

    assert words([1.0, 2.0, 3.0], [0.8, 2.1, 2.4]).endswith("seeds, perhaps many more")
    errors = ExampleErrors(("a", "b"), np.array([[9.0, 0.0], [0.0, 9.0]]), 100)
    assert words([2.0, 2.1, 2.2], [1.9, 1.8, 2.0], errors) == "more test examples, not more seeds"
    assert words([1.0], [2.0]) == ""
