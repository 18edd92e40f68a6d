"""Stores that mislead: each holds a tempting wrong conclusion, and the words of the report must not draw it.

The tempting conclusion stands in each test's docstring.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.report import guards
from harness.report.costs import costs_of
from harness.report.costs.panels import panels
from harness.report.joined import joined
from harness.report.load import Comparison, load
from harness.report.overview import heading
from harness.report.panels import PanelContext
from harness.report.standing import judge, sentence, standing_words
from harness.report.standing.recommend import CostLimits, recommend
from harness.store import Store
from harness.store.records import PredictionRow, RunPlan, RunSummary
from harness.training.prediction_rows import example_set

Enter = Callable[..., None]
Values = Sequence[float | str]
CLEAR = {"lstm": [30.0, 30.4, 30.2], "rnn": [20.0, 21.0, 20.5]}


def entered(store: Store, made_up: type, values: Mapping[str, Values], **plan: object) -> None:
    """Runs of the translation task: values by model and seed; a word is how a run failed."""
    for model, of_seeds in values.items():
        for seed, value in enumerate(of_seeds):
            planned = made_up.plan("translation", model, seed, **plan)
            if isinstance(value, str):
                store.fail(store.start(planned, made_up.here, owner_pid=os.getpid()), "DivergedError", "", "", value)
            else:
                made_up.done(store, planned, value=value)


@pytest.fixture
def enter(store: Store, made_up) -> Enter:
    return lambda values, **plan: entered(store, made_up, values, **plan)


def said(store: Store) -> str:
    """The verdict on the only comparison."""
    (comparison,) = load(store).comparisons
    return sentence(judge(store, comparison))


def by_model(store: Store) -> dict[frozenset[str], Comparison]:
    """Comparisons by the models that have results in them."""
    return {frozenset(e.model for e in c.entries if e.finished): c for c in load(store).comparisons}


def summary(value: float, **changes: object) -> RunSummary:
    return replace(RunSummary({"test/bleu": value}, value, 1000, 900, {}, 35.0, 30.0), **changes)


def test_copying_beats_the_best_model(store, made_up, enter):
    """ "attention_lstm is better than every other model at 6.94 BLEU": copying the nearest neighbour scores 18."""
    enter({"attention_lstm": [6.3, 7.5, 7.02], "bilstm": [3.8, 4.0, 3.87], "rnn": [0.1, 0.15, 0.08]})
    made_up.done(store, made_up.plan("translation", "copy_nearest", kind="baseline"), value=18.0)
    (comparison,) = load(store).comparisons
    judgement = judge(store, comparison)
    assert sentence(judgement).startswith("No model beats the baseline copy_nearest (18.00 BLEU)")
    assert standing_words(judgement) == ("below a baseline", "bad")
    assert recommend(judgement, costs_of(comparison)).below == "copy_nearest"


def test_the_survivors_of_a_model_that_diverges(store, enter):
    """ "attention_lstm is better": its five surviving runs are, the three others diverged."""
    enter({
        "attention_lstm": [30.0, 30.4, "diverged", 30.2, "diverged", 30.1, 30.3, "diverged"],
        "lstm": [20.0, 20.4, 20.2, 20.1, 20.3, 20.5, 20.2, 20.4],
        "rnn": [10.0, 10.4, 10.2, 10.1, 10.3, 10.5, 10.2, 10.4],
    })  # fmt: skip
    assert said(store).startswith("lstm is better than rnn: 10.00 ± 0.18 BLEU ahead (8 seeds")
    assert "attention_lstm is unstable: 3 of 8 runs diverged, so it cannot be best" in said(store)


def signed(plan: RunPlan, signature: str) -> RunPlan:
    units = {**plan.units, "bleu": {**plan.units["bleu"], "signature": signature}}
    return replace(plan, units=units)


def test_equal_names_of_scores_that_are_not_the_same(store, made_up):
    """ "lstm is better than rnn": its BLEU is of another tokenisation."""
    for model, tokens, base in (("lstm", "tok:intl", 30.0), ("rnn", "tok:13a", 20.0)):
        for seed in range(3):
            plan = signed(made_up.plan("translation", model, seed), f"nrefs:1|{tokens}")
            made_up.done(store, plan, value=base + seed / 10)
    apart = by_model(store)
    assert set(apart) == {frozenset({"lstm"}), frozenset({"rnn"})}
    assert all(sentence(judge(store, c)).endswith("is the only model with a result.") for c in apart.values())
    assert "tok:intl" in heading(apart[frozenset({"lstm"})], load(store), {})


def test_fewer_examples_by_a_setting(store, enter):
    """ "lstm is better than rnn": it was tested on 200 examples, the other on 1,000."""
    enter({"lstm": CLEAR["lstm"]}, eval_limit=200)
    enter({"rnn": CLEAR["rnn"]}, eval_limit=1000)
    apart = by_model(store)
    assert set(apart) == {frozenset({"lstm"}), frozenset({"rnn"})}
    assert "at most 200 test examples" in heading(apart[frozenset({"lstm"})], load(store), {})


def test_other_examples_under_equal_settings(store, made_up):
    """ "lstm is better than rnn": the same settings, and yet other test examples were scored."""
    for model, number in (("lstm", 200), ("rnn", 1000)):
        rows = [PredictionRow(f"example-{i}", "", "", "", {}) for i in range(number)]
        details = {"tested_on": example_set(rows)}
        for seed, value in enumerate(CLEAR[model]):
            run_id = store.start(made_up.plan("translation", model, seed), made_up.here, owner_pid=os.getpid())
            store.finish(run_id, summary(value, details=details), rows, [])
    apart = by_model(store)
    assert set(apart) == {frozenset({"lstm"}), frozenset({"rnn"})}
    assert "tested on 200 examples, set " in heading(apart[frozenset({"lstm"})], load(store), {})
    assert "tested on 1000 examples, set " in heading(apart[frozenset({"rnn"})], load(store), {})


def test_generated_against_real_data(store, made_up):
    """ "lstm is better than rnn": on generated data of the same name."""
    for model, synthetic in (("lstm", True), ("rnn", False)):
        for seed, value in enumerate(CLEAR[model]):
            plan = replace(made_up.plan("translation", model, seed), synthetic=synthetic)
            made_up.done(store, plan, value=value)
    apart = by_model(store)
    assert set(apart) == {frozenset({"lstm"}), frozenset({"rnn"})}
    assert "synthetic data" in heading(apart[frozenset({"lstm"})], load(store), {})


def test_a_time_that_other_programs_disturbed(store, made_up):
    """ "rnn trains within 20 s": it was measured while other programs ran, and lstm's 25 s were not."""
    for model, value, seconds, contended in (("rnn", 10.0, 15.0, True), ("lstm", 20.0, 25.0, False)):
        for seed in range(3):
            run_id = store.start(
                made_up.plan("translation", model, seed, budget="epochs:3"), made_up.here, owner_pid=os.getpid()
            )
            of = summary(value + seed / 10, train_s=seconds, machine={"contended": contended})
            store.finish(run_id, of, [], [])
    (comparison,) = load(store).comparisons
    found = recommend(judge(store, comparison), costs_of(comparison), CostLimits(training_s=20))
    assert found.model is None
    assert found.excluded == {"lstm": "training time 25.0 s", "rnn": "training time not measured"}
    assert guards.contended_sentence(comparison).startswith("Contended: other programs ran at the same time")
    (panel,) = panels(PanelContext.judged(store, comparison, "t-cost", {"rnn": 0, "lstm": 1}))
    assert "Not ranked by training time: rnn (all runs contended)." in " ".join(panel.text)


def test_a_score_of_zero_is_a_score(store, enter):
    """ "cnn_lstm: 0.17 BLEU": 0.11, since one of its three runs scored 0."""
    enter({"cnn_lstm": [0.0, 0.33, 0.0], **CLEAR})
    (comparison,) = load(store).comparisons
    assert judge(store, comparison).pairs.samples["cnn_lstm"].mean == pytest.approx(0.11)


def test_as_many_trials_but_many_more_hours(store, made_up):
    """ "lstm is better than rnn, tuned alike": four trials each, one of them for ten hours."""
    for model, hours in (("lstm", 10.0), ("rnn", 0.5)):
        for seed, value in enumerate(CLEAR[model]):
            plan = replace(made_up.plan("translation", model, seed), tuning={"trials": 4, "hours": hours})
            made_up.done(store, plan, value=value)
    (comparison,) = load(store).comparisons
    found = guards.tuning_sentence(comparison)
    assert "4 trials each, but lstm was searched for 10 h 0 min and rnn for 30 min 0 s" in found


def test_three_chosen_seeds_against_ten(store, enter):
    """ "lstm is better than rnn": three of its ten seeds, and nobody knows about the others."""
    enter({"lstm": [30.0, 30.4, 30.2], "rnn": [29.0 + i / 10 for i in range(10)]})
    (comparison,) = load(store).comparisons
    judgement = judge(store, comparison)
    assert judgement.best is None
    assert sentence(judgement).startswith("Undecided until these runs have finished: lstm lacks seeds 3–9.")
    (command,) = judgement.commands
    assert command.endswith("seed=3,4,5,6,7,8,9")


def test_one_run_that_is_far_off(store, made_up, enter):
    """ "lstm is better than rnn": by its mean, which one lucky run made."""
    enter({"lstm": [20.2, 20.1, 48.0, 20.3, 20.2], "rnn": [20.4, 20.6, 20.5, 20.3, 20.5]})
    assert said(store).startswith("lstm has the best mean, but rnn cannot be told from it (5 seeds")


def test_runs_that_came_twice(tmp_path: Path, made_up):
    """ "ten seeds": the same five, brought together from two machines' stores."""
    places = [f"sqlite:///{tmp_path / name}.db" for name in ("mine", "yours")]
    for place in places:
        with Store.open(place) as store:
            entered(store, made_up, {"lstm": [20.0, 21.0, 22.0], "rnn": [19.0, 20.0, 21.4]})
    with joined(places) as both:
        (comparison,) = load(both.store).comparisons
        assert [len(e.finished) for e in comparison.entries] == [3, 3]
        assert "(3 seeds, " in sentence(judge(both.store, comparison))
        assert "6 more that a store named earlier also has" in both.phrases[1]


def test_seeds_that_ran_in_two_places(store, made_up, enter):
    """ "lstm with six seeds is better": three seeds, each run on two machines, which stand apart."""
    enter({"lstm": [20.0, 21.0, 22.0], "rnn": [19.0, 20.0, 21.4]})
    for seed in range(3):
        made_up.done(store, made_up.plan("translation", "lstm", seed), value=20.0 + seed, environment=made_up.elsewhere)
    counts = [{e.label: len(e.finished) for e in c.entries if e.finished} for c in load(store).comparisons]
    assert counts == [{"lstm": 3, "rnn": 3}, {"lstm": 3}]


def test_a_gap_that_is_shown_and_does_not_matter(store, enter):
    """ "lstm is better than rnn": by 0.02 BLEU."""
    enter({"lstm": [20.020, 20.021, 20.019], "rnn": [20.000, 20.001, 19.999]})
    assert said(store).startswith(
        "lstm is better than rnn: 0.02 ± 0.00 BLEU ahead, less than the 0.5 that matter in pract"
    )


def test_a_gap_that_seeds_happen_to_agree_on(store, enter):
    """ "lstm is better than rnn, p = 0.0008": paired by seed, three differences of 0.02 BLEU happen to agree."""
    enter({"lstm": [20.02, 20.52, 20.271], "rnn": [20.0, 20.501, 20.25]})
    assert said(store).startswith("lstm has the best mean, but rnn cannot be told from it (3 seeds")
