"""The sentence of the first screen: it says no more than the corrected seed tests do."""

from __future__ import annotations

import math

import pytest

from harness.report.statistics import judge

CLEAR = {"a": [9.0, 9.1, 9.3], "b": [1.0, 1.1, 1.2], "c": [0.0, 0.3, 0.1]}


def verdict(higher_is_better: bool = True, **samples: list[float]):
    by_seed = {label: dict(enumerate(values)) for label, values in samples.items()}
    return judge(by_seed, higher_is_better=higher_is_better)


def test_the_direction_decides_who_is_best():
    assert verdict(a=[1.0], b=[2.0]).best == "b"
    assert verdict(higher_is_better=False, a=[1.0], b=[2.0]).best == "a"


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ([9.0], "one seed cannot show that it is ahead of b; at least 3 would be needed"),
        ([9.0, 9.1], "2 seeds cannot show that it is ahead of b"),
    ],
)
def test_few_seeds_support_nothing(sample, words):
    found = verdict(a=sample, b=[1.0, 1.1, 1.2])
    assert (found.best, found.contested, found.supported) == ("a", True, False)
    assert words in found.sentence


def test_a_model_that_beats_all_is_called_better():
    found = verdict(**CLEAR)
    assert (found.best, found.supported) == ("a", True)
    assert found.sentence.startswith("a is better than every other model (paired t tests over 3 seeds, Holm-corrected")
    assert "over 3 pairs, largest p = 0.00" in found.sentence


def test_two_models_name_each_other():
    found = verdict(a=CLEAR["a"], b=CLEAR["b"])
    assert found.sentence.startswith("a is better than b (paired t test over 3 seeds, p < 0.0001)")


def test_one_rival_that_cannot_be_told_apart_takes_the_claim_away():
    found = verdict(**CLEAR, d=[9.0, 9.2, 9.1])
    assert not found.supported
    assert "a has the best mean, but d cannot be told from it (paired t test over 3 seeds" in found.sentence
    assert "would be needed)." in found.sentence


def test_many_rivals_are_counted():
    rivals = {f"m{i}": [1.0, 2.0, 3.1 + i / 100] for i in range(6)}
    found = verdict(best=[1.1, 2.3, 3.2], **rivals)
    assert "m5, m4, m3 and 3 others cannot be told from it" in found.sentence


def test_verdicts_without_a_contest():
    assert verdict().sentence == "No model has finished."
    assert verdict().best is None
    assert not verdict(a=[1.0], b=[]).contested
    assert "only model" in verdict(a=[1.0], b=[]).sentence
    assert verdict(a=[1.0], b=[1.0]).sentence == "a and b have the same mean."
    assert not verdict(a=[1.0, 2.0, 3.0], b=[1.0, 2.0, 3.0]).contested


def test_a_model_that_diverged_is_named_and_does_not_win():
    found = verdict(higher_is_better=True, a=[math.inf, 1.0, 2.0], **{"b": [3.0, 3.1, 3.3], "c": [1.0, 1.1, 1.0]})
    assert (found.best, found.supported) == ("b", True)
    assert "b is better than c" in found.sentence
    assert found.sentence.endswith("Left out, since a value is not finite: a.")
    alone = verdict(a=[math.inf, 1.0], b=[3.0, 3.1])
    assert alone.sentence == "b is the only model with a result. Left out, since a value is not finite: a."
    assert verdict(a=[math.inf, -math.inf], b=[math.inf]).sentence == "No mean is finite: a and b."
    assert verdict(a=[math.inf]).best is None


def test_a_mean_that_rests_on_a_seed_of_its_own_does_not_hide_who_is_better():
    one = {0: 1.0, 1: 1.1, 2: 1.3, 3: 90.0}
    found = judge({"a": one, "b": {0: 2.0, 1: 2.1, 2: 2.3}}, higher_is_better=True)
    assert (found.best, found.supported) == ("a", False)
    assert "a has the best mean, but b is better over the seeds that both have (sign" not in found.sentence
    close = judge({"a": one, "b": {0: 2.0, 1: 2.15, 2: 2.28}}, higher_is_better=True)
    assert "a has the best mean, but b is better over the seeds that both have (paired t test" in close.sentence


def test_names_are_shown_and_not_obeyed():
    hostile = "evil\x1b[31m\u202e" + "x" * 10_000
    sentence = verdict(**{hostile: [2.0, 2.1, 2.3], "b": [1.0, 1.1, 1.0]}).sentence
    assert "\x1b" not in sentence
    assert "\u202e" not in sentence
    assert len(sentence) < 300


def test_models_that_share_the_best_mean_are_both_named():
    assert verdict(a=[3.0], b=[3.0], c=[1.0]).sentence.startswith(
        "a and b share the best mean, but one seed cannot show that they are ahead of c"
    )
    three = verdict(a=[3.0, 3.1, 3.2], b=[3.0, 3.1, 3.2], c=[3.1, 2.9, 3.0])
    assert three.sentence.startswith("a and b share the best mean, but c cannot be told from them (")
    decided = verdict(a=[3.0, 3.1, 3.2], b=[3.0, 3.1, 3.2], c=[1.0, 1.3, 1.1])
    assert decided.sentence == "a and b share the best mean."
    assert not decided.supported


def test_those_that_share_the_best_mean_are_those_with_equal_means_and_not_those_equal_over_shared_seeds():
    other_seeds = judge({"a": {0: 1.0, 1: 3.0}, "b": {0: 1.0}}, higher_is_better=True)
    assert (other_seeds.leaders, other_seeds.contested) == (("a",), True)
    assert other_seeds.sentence.startswith("a has the best mean, but one seed cannot show that it is ahead of b")
    rounding = verdict(a=[0.1, 0.2, 0.3], b=[0.3, 0.2, 0.1], c=[0.0, 0.1, 0.0])
    assert set(rounding.leaders) == {"a", "b"}
    assert "share the best mean" in rounding.sentence
    assert verdict(a=[1.0], b=[1.0]).leaders == ("a", "b")
    assert verdict(a=[math.nan]).leaders == ()
    assert verdict(a=[math.nan]).sentence == "No mean is finite: a."
    lost = verdict(a=[9.0, math.nan, 9.0], b=[1.0, 2.0, 3.0])  # the seeds that survived would win
    assert (lost.best, lost.leaders) == ("b", ("b",))
    assert lost.sentence.endswith("Left out, since a value is not finite: a.")
