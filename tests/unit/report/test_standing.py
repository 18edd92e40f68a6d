"""Judgements: who is best, who may be, and what blocks a claim, from runs in a store to the words on the page."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import sqlalchemy as sa
from simulated_truth import World, errors_world, write

from harness.report.load import load
from harness.report.standing import Judgement, judge, sentence, sentences, standing_words
from harness.store import Store, schema

Made = Callable[..., Judgement]
CLEAR = {"lstm": [30.0, 30.4, 30.2], "rnn": [20.0, 21.0, 20.5]}


@pytest.fixture
def judged(store: Store, made_up) -> Made:
    """Judges translation runs: values by model and seed (None: planned only; a word: failed so), and baselines."""

    def make(
        values: Mapping[str, list[float | str | None]], baseline: float | None = None, looks: int = 0
    ) -> Judgement:
        for model, of_seeds in values.items():
            for seed, value in enumerate(of_seeds):
                planned = made_up.plan("translation", model, seed)
                if value is None:
                    store.plan(planned)
                elif isinstance(value, str):
                    store.fail(store.start(planned, made_up.here, owner_pid=os.getpid()), "it failed", "", "", value)
                else:
                    made_up.done(store, planned, value=value)
        if baseline is not None:
            made_up.done(store, made_up.plan("translation", "baseline:copy", 0, kind="baseline"), value=baseline)
        if looks:
            store.set_sweep("looked_at", keys := [r.key for r in load(store).runs], dict.fromkeys(keys, looks))
        (comparison,) = load(store).comparisons
        return judge(store, comparison)

    return make


def test_a_model_that_beats_every_rival_is_best(judged):
    found = judged({**CLEAR, "bilstm": [25.0, 25.5, 25.2]}, baseline=14.0)
    assert (found.outcome, found.best, found.may_be_best) == ("best", "lstm", ("lstm",))
    assert found.standings == {"lstm": "best", "rnn": "worse", "bilstm": "worse"}
    assert sentence(found).startswith("lstm is better than every other model and the baseline: 4.97 ± ")
    assert "BLEU ahead of bilstm, the next best (3 seeds" in sentence(found)
    assert standing_words(found) == ("best", "good")


def test_rivals_that_cannot_be_told_apart_may_all_be_best(judged):
    found = judged({"lstm": [30.0, 31.0, 30.5], "bilstm": [30.2, 31.2, 30.9], "rnn": [10.0, 10.1, 10.2]})
    assert (found.outcome, found.best, found.may_be_best) == ("undecided", None, ("bilstm", "lstm"))
    assert found.standings == {"lstm": "tied", "bilstm": "tied", "rnn": "worse"}
    assert "bilstm has the best mean, but lstm cannot be told from it (3 seeds" in sentence(found)
    assert sentence(found).endswith("seeds, perhaps many more.")


def test_a_baseline_above_every_model_is_said_first(judged):
    found = judged(CLEAR, baseline=34.0)
    assert (found.outcome, found.best) == ("below_baseline", None)
    assert set(found.standings.values()) == {"below_baseline"}
    assert sentence(found).startswith("No model beats the baseline copy (34.00 BLEU): the best mean of the")
    assert "lstm’s, is 30.20 BLEU, which is worse (p = 0.00" in sentence(found)
    assert standing_words(found) == ("below a baseline", "bad")


def test_a_baseline_that_is_not_shown_to_be_beaten_leaves_it_undecided(judged):
    found = judged({"lstm": [30.0, 31.0, 32.0], "rnn": [10.0, 10.1, 10.2]}, baseline=30.0)
    assert (found.outcome, found.may_be_best) == ("undecided", ("lstm",))
    assert "but copy cannot be told from it" in sentence(found)


def test_a_baseline_that_draws_has_a_spread_of_its_own(judged, made_up, store):
    for seed, value in enumerate([24.0, 26.0, 25.0]):
        made_up.done(store, made_up.plan("translation", "baseline:last", seed, kind="baseline"), value=value)
    found = judged({"lstm": [30.0, 30.4, 30.2], "rnn": [20.0, 21.0, 20.5]})
    assert found.pairs.between("lstm", "baseline:last").seed_variance == pytest.approx((0.04 + 1.0) / 3)
    assert found.pairs.models == ("lstm", "rnn")
    assert (found.outcome, found.standings["rnn"]) == ("best", "below_baseline")


def test_a_baseline_that_has_finished_before_any_model_is_in_its_comparison(judged):
    found = judged({"lstm": [None], "rnn": [None]}, baseline=14.0)
    assert (found.outcome, [c.label for c in found.contenders if not c.is_model]) == ("no_result", ["baseline:copy"])


@pytest.mark.parametrize(("failure", "words"), [("diverged", "3 of 8 runs diverged"), ("limit", "exceeded a limit")])
def test_survivors_do_not_win(judged, failure, words):
    found = judged({"lstm": [40.0, 41.0, 42.0, 40.5, 41.5, *[failure] * 3], "rnn": [20.0 + i / 8 for i in range(8)]})
    assert (found.outcome, found.best, found.standings["lstm"]) == ("best", "rnn", "unstable")
    assert any(s.startswith("lstm is unstable: 3 of 8 runs") and words in s for s in sentences(found))
    assert "its other runs average 41.0" in sentence(found)
    assert "lstm" not in found.may_be_best


def test_a_score_that_is_no_number_is_a_divergence(judged):
    found = judged({"lstm": [40.0, math.nan, 41.0], "rnn": [20.0, 20.5, 21.0]})
    assert found.standings == {"lstm": "unstable", "rnn": "best"}


@pytest.mark.parametrize(
    ("outcome", "words"), [(None, "lstm lacks seed 2"), ("error", "another reason than the model")]
)
def test_a_missing_seed_leaves_it_undecided_with_the_command_that_runs_it(judged, outcome, words):
    found = judged({"lstm": [30.0, 30.4, outcome], "rnn": [20.0, 21.0, 20.5]})
    assert (found.outcome, found.best, found.standings["lstm"]) == ("undecided", None, "undecided")
    assert words in sentence(found)
    (command,) = found.commands
    assert command.startswith("harness sweep ")
    assert " seed=2" in command
    assert command.endswith("--retry failed") == (outcome == "error")


def test_hand_picked_seeds_do_not_win_against_ten(judged):
    found = judged({"lstm": [30.0, 30.4, 30.2], "rnn": [20.0 + i / 10 for i in range(10)]})
    assert found.outcome == "undecided"
    assert "lstm lacks seeds 3–9" in sentence(found)


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_decide_nothing_and_say_how_many_do(judged, seeds):
    found = judged({model: values[:seeds] for model, values in CLEAR.items()})
    assert (found.outcome, found.best, found.may_be_best) == ("undecided", None, ("lstm", "rnn"))
    assert "cannot show which model is best: at least 3 are needed" in sentence(found)
    assert [c.count("seed=") for c in found.commands] == [1, 1]


def test_a_tie_within_the_metrics_margin_is_a_result(judged):
    found = judged({"lstm": [30.0, 30.02, 30.01], "bilstm": [30.01, 30.0, 30.03], "rnn": [10.0, 10.1, 10.2]})
    assert found.margin == 0.5
    assert (found.outcome, found.may_be_best) == ("tied", ("bilstm", "lstm"))
    assert "bilstm and lstm are tied for practical purposes: they differ by less than 0.5 BLEU" in sentence(found)


def test_a_gap_that_does_not_matter_is_said_to_be_small(judged):
    found = judged({"lstm": [30.0, 30.001, 30.002], "rnn": [29.98, 29.981, 29.982]})
    assert (found.outcome, found.best) == ("best", "lstm")
    assert "0.02 ± 0.00 BLEU ahead, less than the 0.5 that matter in practice" in sentence(found)


def test_planned_looks_split_the_level(judged):
    found = judged({"lstm": [30.0, 31.0, 32.0], "rnn": [25.0, 26.0, 27.5]}, looks=7)
    assert (found.looks, found.outcome) == (7, "undecided")  # p = 0.0074, and the level 0.05 / 7 = 0.0071
    assert found.pairs.tests[0].shown(0.05)
    assert "p = 0.0074 at a level of 0.0071, 7 looks being planned" in sentence(found)


def test_equal_means_have_no_winner(judged):
    found = judged({"lstm": [3.0, 4.0, 5.0], "rnn": [5.0, 4.0, 3.0]})
    assert (found.outcome, found.leaders) == ("undecided", ())
    assert sentence(found) == "lstm and rnn have the same mean."


def test_one_model_or_none_is_no_contest(judged):
    found = judged({"lstm": [30.0, 30.4, 30.2]})
    assert (found.outcome, sentence(found)) == ("no_contest", "lstm is the only model with a result.")


def test_more_seeds_do_not_make_up_for_few_examples(store):
    """Two models of equal true accuracy on a test split that favours one: at any number of seeds, not shown."""
    dice = np.random.default_rng(3)
    world = World({}, {})
    rates = {"m0": dice.beta(18, 2, 100), "m1": dice.beta(18, 2, 100)}
    rates["m0"][:8] = 0.999
    rates["m1"][:8] = 0.4
    for model, rate in rates.items():
        right = dice.random((40, 100)) < rate
        world.values[model] = {seed: float(100 * row.mean()) for seed, row in enumerate(right)}
        world.examples[model] = [{"correct": float(v)} for v in right[0]]
        world.later_examples[model] = {s: [{"correct": float(v)} for v in row] for s, row in enumerate(right) if s}
    write(store, [world], "accuracy", higher_is_better=True)
    (comparison,) = load(store).comparisons
    assert judge(None, comparison).outcome == "best"  # over seeds alone
    found = judge(store, comparison)
    assert (found.outcome, found.examples.examples) == ("undecided", 100)
    assert "40 seeds, 100 test examples, p = " in sentence(found)
    assert "more test examples, not more seeds" in sentence(found)


def say_blocks(store: Store, blocks: list[list[str | int]]) -> None:
    store.write(lambda c, _: c.execute(sa.update(schema.runs).values(details={"blocks": blocks})).close())


def test_dependent_examples_count_by_the_block(store):
    """What 200 independent windows would show, 10 blocks of them do not."""
    world = World({}, {})
    dice = np.random.default_rng(5)
    shared = np.repeat(dice.normal(0.1, 0.3, 10), 20)  # a block's advantage of m0, the same in all its windows
    errors = dice.uniform(1, 2, 200)
    for model, of in (("m0", errors), ("m1", errors + shared)):
        world.values[model] = {s: float(of.mean()) + 1e-4 * s for s in range(3)}
        world.examples[model] = [{"squared_error": float(v), "count": 1} for v in of]
    write(store, [world], "mse", higher_is_better=False)
    (comparison,) = load(store).comparisons
    assert judge(store, comparison).outcome == "best"
    say_blocks(store, [[f"b{i}", 20] for i in range(10)])
    (comparison,) = load(store).comparisons
    found = judge(store, comparison)
    assert (found.outcome, found.examples.blocks) == ("undecided", 10)
    assert found.pairs.tests[0].examples == 10
    assert "3 seeds, 10 blocks of 200 test examples, " in sentence(found)
    say_blocks(store, [["b0", 20]])  # not for all of them: nothing is taken as independent
    (comparison,) = load(store).comparisons
    found = judge(store, comparison)
    assert found.examples.left_out == ["all 200 test examples are in one block of dependent ones"]
    assert found.pairs.tests[0].examples == 0


def test_a_score_that_its_examples_do_not_give_is_judged_without_them(store):
    world = errors_world(np.random.default_rng(1), [0.1, 0.3], 50)
    world.values["m1"][0] += 1.0
    write(store, [world], "wer", higher_is_better=False)
    (comparison,) = load(store).comparisons
    found = judge(store, comparison)
    assert any("its stored score is" in reason for reason in found.examples.left_out)
    assert found.pairs.tests[0].examples == 0


def test_names_are_shown_and_not_obeyed(judged, made_up, store):
    hostile = "evil\x1b[31m\u202e" + "x" * 60
    found = judged({hostile: [2.0, 2.1, 2.3], "rnn": [1.0, 1.1, 1.0]})
    assert "\x1b" not in sentence(found)
    assert "\u202e" not in sentence(found)
    assert len(sentence(found)) < 300
