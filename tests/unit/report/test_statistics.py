"""Means, intervals and verdicts against scipy and against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.report.statistics import Summary, band, judge, summarise, welch

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
    for seeds in (3, 5):
        samples = dice.normal(10.0, 2.0, size=(2000, seeds))
        hits = [abs((s := summarise(row)).mean - 10.0) <= (s.half_width or 0.0) for row in samples]
        assert 0.93 < np.mean(hits) < 0.97


def test_one_seed_has_no_interval_and_none_has_nothing():
    assert summarise([3.0]) == Summary(3.0, None, (3.0,))
    assert summarise([None, math.nan]).seeds == 0
    assert math.isnan(summarise([]).mean)
    assert summarise([1.0, None, 3.0]).values == (1.0, 3.0)


def test_an_infinite_value_gives_no_number_for_the_interval():
    found = summarise([1.0, math.inf])
    assert math.isinf(found.mean)
    assert math.isnan(found.half_width or 0.0)


def test_welch_is_scipys_and_knows_samples_without_spread():
    one, two = [1.0, 2.0, 3.5], [4.0, 5.0, 7.0]
    assert welch(one, two) == pytest.approx(stats.ttest_ind(one, two, equal_var=False).pvalue)
    assert welch([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert welch([1.0, 1.0], [2.0, 2.0]) == 0.0


def verdict(higher_is_better: bool = True, **samples: list[float]):
    return judge({k: summarise(v) for k, v in samples.items()}, higher_is_better=higher_is_better)


def test_the_direction_decides_who_is_best():
    assert verdict(a=[1.0], b=[2.0]).best == "b"
    assert verdict(higher_is_better=False, a=[1.0], b=[2.0]).best == "a"


@pytest.mark.parametrize(("sample", "words"), [([9.0], "one seed cannot"), ([9.0, 9.1], "2 seeds cannot")])
def test_few_seeds_support_nothing(sample, words):
    found = verdict(a=sample, b=[1.0, 1.1, 1.2])
    assert (found.best, found.supported) == ("a", False)
    assert words in found.sentence


def test_three_seeds_may_support_a_claim_or_not():
    clear = verdict(a=[9.0, 9.1, 9.2], b=[1.0, 1.1, 1.2], c=[0.0])
    assert clear.supported
    assert "a is ahead of b" in clear.sentence
    unclear = verdict(a=[1.0, 2.0, 3.0], b=[0.9, 2.0, 2.9])
    assert not unclear.supported
    assert "cannot be told from b" in unclear.sentence


def test_verdicts_without_a_contest():
    assert verdict().best is None
    assert not verdict(a=[1.0], b=[]).contested
    assert verdict(a=[1.0], b=[0.5]).contested
    assert "only model" in verdict(a=[1.0], b=[]).sentence
    assert "same mean" in verdict(a=[1.0], b=[1.0]).sentence


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
