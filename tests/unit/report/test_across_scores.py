"""Normalised scores, interquartile means, probabilities of improvement and profiles, against scipy and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.report.across import bootstrap
from harness.report.across.aggregate import interquartile_mean, iqm, probability_of_improvement
from harness.report.across.grid import TaskScores
from harness.report.across.normalise import normalisation
from harness.report.across.profiles import HIGHEST, LOWEST, profile, thresholds
from harness.report.results import Scale

NONE = (None, None)
finite = st.floats(-1e3, 1e3)
strata = st.lists(st.lists(st.integers(-1, 3).map(float), min_size=1, max_size=5), min_size=1, max_size=4)


def arrays(lists):
    return [np.array(v, dtype=float) for v in lists]


def weights(scores, stream=0):
    return bootstrap.resample([len(s) for s in scores], stream)


def on_a_task(higher=True, baseline=None, **values):
    return TaskScores(
        "t", "t", "d", Scale("m", "%", higher), {k: tuple(map(float, v)) for k, v in values.items()}, baseline
    )


# -- interquartile mean ------------------------------------------------------------------------------


@given(st.integers(1, 8).flatmap(lambda n: st.lists(finite, min_size=4 * n, max_size=4 * n)))
def test_the_interquartile_mean_of_equal_weights_is_scipys(values):
    found = interquartile_mean(np.array(values), np.ones(len(values)))
    assert found == pytest.approx(stats.trim_mean(values, 0.25), abs=1e-6)


@given(st.lists(st.tuples(finite, st.integers(1, 4)), min_size=1, max_size=8))
def test_a_weight_is_so_many_copies(pairs):
    values, counts = (np.array(v) for v in zip(*pairs, strict=True))
    copied = np.repeat(values, counts * 4)
    assert interquartile_mean(values, counts.astype(float)) == pytest.approx(stats.trim_mean(copied, 0.25), abs=1e-6)


def test_every_task_weighs_the_same_however_many_seeds_it_has():
    few, many = [np.zeros(4), np.ones(4)], [np.zeros(4), np.ones(40)]
    assert [iqm(s, None).value for s in (few, many)] == pytest.approx([0.5, 0.5])


def test_two_seeds_have_no_interval_and_three_have():
    assert weights(arrays([[1, 2], [3, 4]])) is None
    scores = arrays([[1, 2, 3], [3, 4, 6]])
    found = iqm(scores, weights(scores))
    assert found.low < found.value < found.high
    assert iqm(scores[:1], None).low is None


def test_seeds_that_agree_leave_no_width():
    scores = arrays([[1, 1, 1], [0, 0, 0]])
    found = iqm(scores, weights(scores))
    assert (found.low, found.high) == pytest.approx((found.value, found.value))


# -- bootstrap ---------------------------------------------------------------------------------------


def test_the_bootstrap_variance_of_a_mean_is_the_unbiased_one():
    """Rao and Wu (1988): n - 1 draws from n runs give s squared / n, summed over the strata."""
    scores = arrays([[1, 2, 6], [4, 4.5, 7, 9]])
    drawn = bootstrap.resample([3, 4], 0, resamples=200_000)
    draws = np.mean([w @ s for w, s in zip(drawn, scores, strict=True)], axis=0)
    right = sum(np.var(s, ddof=1) / len(s) for s in scores) / 4
    assert np.var(draws) == pytest.approx(right, rel=0.02)
    assert all(np.allclose(w.sum(axis=1), 1) for w in drawn)


def test_models_are_resampled_independently_and_always_in_the_same_way():
    one, again, other = (bootstrap.resample([5], stream)[0] for stream in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()


def test_degrees_of_freedom_are_welchs():
    one, two = [1.0, 2.0, 6.0, 3.0], [4.0, 4.5, 4.6]
    welch = stats.ttest_ind(one, two, equal_var=False)
    assert bootstrap.degrees_of_freedom(arrays([one, two])) == pytest.approx(welch.df)
    assert bootstrap.degrees_of_freedom(arrays([[1, 1, 1], [2, 2]])) == 3


@pytest.mark.parametrize(("tasks", "seeds"), [(4, 3), (4, 5)])
def test_intervals_cover_what_they_promise(tasks, seeds):
    """Runs about task means with a spread of each task's own; the truth is that of endless seeds.

    Two standard errors of 400 simulations are 2.2 points.
    """
    dice = np.random.default_rng([tasks, seeds])
    centres, spreads = np.linspace(0, 1, tasks), np.geomspace(0.05, 0.3, tasks)
    quantiles = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    true_iqm = stats.trim_mean((centres[:, None] + spreads[:, None] * quantiles).ravel(), 0.25)
    shift = 0.6
    true_p = stats.norm.cdf(shift / np.sqrt(2))
    hits = np.zeros(3)
    for i in range(400):
        better, worse, equal = (
            list(dice.normal((centres - by * spreads)[:, None], spreads[:, None], (tasks, seeds)))
            for by in (0.0, shift, 0.0)
        )
        w1, w2, w3 = (weights(better, 3 * i + n) for n in range(3))
        found = iqm(better, w1)
        hits[0] += found.low <= true_iqm <= found.high
        for n, (other, w, truth) in enumerate(((worse, w2, true_p), (equal, w3, 0.5)), 1):
            p = probability_of_improvement(better, other, (w1, w))
            hits[n] += p.low is None or p.low <= truth <= p.high
    assert (hits / 400 >= 0.95 - 0.022).all(), hits / 400


# -- probability of improvement ----------------------------------------------------------------------


@given(strata, st.data())
@settings(max_examples=60, deadline=None)
def test_the_probability_of_improvement_is_the_mann_whitney_statistic(ours, data):
    theirs = [data.draw(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=5)) for _ in ours]
    found = probability_of_improvement(arrays(ours), arrays(theirs), NONE).value
    expected = np.mean(
        [stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in zip(ours, theirs, strict=True)]
    )
    assert found == pytest.approx(expected)
    back = probability_of_improvement(arrays(theirs), arrays(ours), NONE).value
    assert found + back == pytest.approx(1.0)
    assert probability_of_improvement(arrays(ours), arrays(ours), NONE).value == pytest.approx(0.5)


@given(strata, st.data())
@settings(max_examples=40, deadline=None)
def test_the_probability_depends_on_order_alone(ours, data):
    theirs = [data.draw(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=5)) for _ in ours]
    found = probability_of_improvement(arrays(ours), arrays(theirs), NONE).value
    cubed = probability_of_improvement([x**3 for x in arrays(ours)], [y**3 for y in arrays(theirs)], NONE).value
    turned = probability_of_improvement(arrays(ours)[::-1], arrays(theirs)[::-1], NONE).value
    assert found == cubed == pytest.approx(turned)


def test_unanimous_seeds_have_no_interval():
    better, worse = arrays([[2, 3, 4], [5, 6, 7]]), arrays([[1, 0, 1], [0, 1, 2]])
    found = probability_of_improvement(better, worse, (weights(better), weights(worse, 1)))
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_the_interval_is_that_of_resampled_runs_counted_pair_by_pair():
    dice = np.random.default_rng(5)
    ours, theirs = (arrays(dice.integers(0, 5, size=(3, n)).tolist()) for n in (4, 5))
    drawn, others = weights(ours), weights(theirs, 1)
    pairs = np.zeros(len(drawn[0]))
    for x, y, a, b in zip(ours, theirs, drawn, others, strict=True):
        for i in range(len(x)):
            for j in range(len(y)):
                pairs += a[:, i] * b[:, j] * ((x[i] > y[j]) + (x[i] == y[j]) / 2) / 3
    found = probability_of_improvement(ours, theirs, (drawn, others))
    assert (found.low, found.high) == pytest.approx(bootstrap.percentiles(pairs, 10.5))


# -- normalisation -----------------------------------------------------------------------------------


def test_a_baseline_that_all_beat_is_zero_and_the_best_mean_one():
    scale = normalisation(on_a_task(a=[30, 32], b=[20], baseline=("copy", 10.0)), ["a", "b"])
    assert scale([10, 31, 20]) == pytest.approx([0, 1, 10 / 21])
    assert (scale.zero_is, scale.one_is) == ("baseline copy", "best mean: a")


def test_a_result_below_the_baseline_has_a_negative_score():
    scale = normalisation(on_a_task(a=[30], b=[15], baseline=("copy", 20.0)), ["a", "b"])
    assert scale([15, 20, 30]) == pytest.approx([-0.5, 0, 1])
    none = normalisation(on_a_task(a=[7], b=[1], baseline=("copy", 18.0)), ["a", "b"])
    assert none([1, 7, 18]) == pytest.approx([-1, -11 / 17, 0])
    barely = normalisation(on_a_task(a=[30], b=[9], baseline=("copy", 29.9)), ["a", "b"])
    assert barely([9, 29.9, 30]) == pytest.approx([-1, 0, 0.1 / 20.9])
    assert barely.one_is == "as far above the baseline as b is below it"


def test_errors_and_accuracies_get_equal_scores():
    right = {"a": [90, 92], "b": [80], "c": [50]}
    wrong = {m: [100 - v for v in values] for m, values in right.items()}
    up, down = on_a_task(**right, baseline=("b0", 20.0)), on_a_task(higher=False, **wrong, baseline=("b0", 80.0))
    for model in right:
        one = normalisation(up, list(right))(up.values[model])
        assert one == pytest.approx(normalisation(down, list(right))(down.values[model]))
        assert (one <= 1.1).all()


@pytest.mark.parametrize("values", [(1e300, -1e300), (1e200, 1.0), (1.0, 1.0 + 1e-12)], ids=["far", "huge", "rounding"])
def test_no_scale_where_there_is_no_number_for_it(values):
    assert normalisation(on_a_task(a=values[:1], b=values[1:]), ["a", "b"]) is None


def test_no_scale_where_all_means_are_equal():
    assert normalisation(on_a_task(a=[1, 3], b=[2]), ["a", "b"]) is None
    assert normalisation(on_a_task(a=[1, 3], b=[2], baseline=("zero", 0.0)), ["a", "b"]) is not None


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=4), min_size=2, max_size=5), st.booleans())
def test_means_lie_between_zero_and_one_and_a_change_of_units_changes_nothing(values, higher):
    models = {f"m{i}": v for i, v in enumerate(values)}
    task = on_a_task(higher=higher, **models)
    scale = normalisation(task, list(models))
    if scale is None:
        assert len({np.mean(v) for v in values}) == 1
        return
    means = [scale(v).mean() for v in models.values()]
    assert min(means) == pytest.approx(0)
    assert max(means) == pytest.approx(1)
    assert (means[0] > means[1]) == (task.mean("m0") > task.mean("m1"))
    scaled = on_a_task(higher=higher, **{m: [3 * x + 7 for x in v] for m, v in models.items()})
    rescaled = normalisation(scaled, list(models))
    assert [rescaled(v).mean() for v in scaled.values.values()] == pytest.approx(means)


# -- profiles ----------------------------------------------------------------------------------------


@given(strata)
@settings(deadline=None)
def test_a_profile_falls_and_is_the_empirical_distribution(lists):
    scores = arrays(lists)
    at = thresholds([scores])
    found = profile(scores, at, None)
    everything = np.concatenate(scores)
    assert (found.share[0] == pytest.approx(1.0)) == (everything.min() >= LOWEST)
    assert (found.share[-1] == 0.0) == (everything.max() <= HIGHEST)
    assert (np.diff(found.share) <= 1e-12).all()
    assert found.low is None
    if len({len(s) for s in scores}) == 1:
        assert found.share == pytest.approx(1 - stats.ecdf(everything).cdf.evaluate(at))


def test_the_band_holds_the_curve():
    scores = arrays([[0.1, 0.2, 0.6], [0.5, 0.7, 0.9]])
    found = profile(scores, thresholds([scores]), weights(scores))
    assert (found.low <= found.share + 1e-12).all()
    assert (found.share <= found.high + 1e-12).all()
    assert (found.high > found.low).any()
