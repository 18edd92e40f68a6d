"""Means, intervals and curves over seeds against scipy and against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.report.statistics import Summary, band, interval_words, summarise

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12)


@given(values)
def test_the_interval_is_scipys(sample):
    found = summarise(sample)
    assert found.mean == pytest.approx(np.mean(sample), abs=1e-6)
    scale = stats.sem(sample)
    if scale > 1e-6:
        low, high = stats.t.interval(0.95, len(sample) - 1, loc=np.mean(sample), scale=scale)
        assert found.half_width == pytest.approx((high - low) / 2, rel=1e-9)
    else:
        assert found.half_width == pytest.approx(0.0, abs=1e-4)


def test_the_interval_covers_what_it_promises():
    dice = np.random.default_rng(0)
    for seeds in (3, 5, 20):
        samples = dice.normal(10.0, 2.0, size=(2000 if seeds < 20 else 600, seeds))
        hits = [abs((s := summarise(row)).mean - 10.0) <= (s.half_width or 0.0) for row in samples]
        assert 0.93 < np.mean(hits) < 0.97


def test_one_seed_has_no_interval_and_none_has_nothing():
    assert summarise([3.0]) == Summary((3.0,))
    assert (summarise([3.0]).mean, summarise([3.0]).half_width, summarise([3.0]).method) == (3.0, None, "")
    assert summarise([None, math.nan]).seeds == 0
    assert math.isnan(summarise([]).mean)
    assert summarise([1.0, None, 3.0]).values == (1.0, 3.0)


def test_an_infinite_value_gives_no_number_for_the_interval():
    found = summarise([1.0, math.inf])
    assert math.isinf(found.mean)
    assert math.isnan(found.half_width or 0.0)


def test_best_and_median_follow_the_direction():
    found = summarise([3.0, 1.0, 2.5])
    assert (found.median, found.best(True), found.best(False)) == (2.5, 3.0, 1.0)
    assert math.isnan(summarise([]).best(True))
    assert math.isnan(summarise([]).median)


def test_from_20_seeds_on_the_interval_is_the_expanded_percentile_bootstrap():
    """Against plain resampling: percentiles at Phi(-sqrt(n / (n - 1)) t(0.975, n - 1)), Hesterberg 2015."""
    dice = np.random.default_rng(3)
    sample = dice.exponential(size=24)
    found = summarise(list(sample))
    assert found.method == "bootstrap"
    means = dice.choice(sample, size=(200_000, 24)).mean(1)
    tail = stats.norm.cdf(-math.sqrt(24 / 23) * stats.t.ppf(0.975, 23))
    assert tail == pytest.approx(0.0173, abs=1e-4)
    width = np.quantile(means, 1 - tail) - np.quantile(means, tail)
    assert found.interval == pytest.approx(np.quantile(means, [tail, 1 - tail]), abs=0.03 * width)
    assert found.half_width == pytest.approx(width / 2, rel=0.03)
    assert summarise(list(sample)).interval == found.interval  # no draw without a seed


@pytest.mark.parametrize(("seeds", "method"), [(2, "Student-t"), (19, "Student-t"), (20, "bootstrap")])
def test_the_method_follows_the_number_of_seeds(seeds, method):
    assert summarise([float(i) for i in range(seeds)]).method == method


def test_equal_values_have_an_interval_without_width():
    assert summarise([2.0] * 25).interval == (2.0, 2.0)


def test_a_caption_names_the_methods_of_its_table():
    few, many = summarise([1.0, 2.0, 3.0]), summarise([float(i) for i in range(30)])
    assert interval_words([few, summarise([1.0])]) == "95 % Student-t interval"
    assert interval_words([many]) == "95 % bootstrap interval"
    assert interval_words([few, many]) == "95 % interval (Student-t below 20 seeds, bootstrap from there)"


def test_a_band_joins_seeds_at_their_common_steps():
    one = [(10, 1.0, 4.0), (20, 2.0, 3.0), (30, 3.0, 2.0)]
    two = [(10, 1.5, 6.0), (30, 3.5, 4.0), (40, 4.0, 1.0)]
    joined = band([one, two])
    assert joined is not None
    assert joined.steps.tolist() == [10, 30]
    assert joined.seconds.tolist() == [1.25, 3.25]
    assert joined.mean.tolist() == [5.0, 3.0]
    assert (joined.low.tolist(), joined.high.tolist()) == ([4.0, 2.0], [6.0, 4.0])


def test_a_band_of_seeds_without_common_steps_joins_by_position():
    joined = band([[(10, 1.0, 4.0), (21, 2.0, 3.0)], [(12, 1.0, 2.0), (24, 2.0, 1.0), (36, 3.0, 1.0)]])
    assert joined is not None
    assert joined.steps.tolist() == [11.0, 22.5]
    assert joined.mean.tolist() == [3.0, 2.0]


def test_a_band_leaves_out_what_is_not_a_number():
    assert band([[(1, 1.0, math.nan)], []]) is None
    joined = band([[(1, 1.0, math.nan), (2, 2.0, 1.0), (3, 3.0, math.inf)]])
    assert joined is not None
    assert joined.steps.tolist() == [2.0]
