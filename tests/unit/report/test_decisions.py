"""What to use under limits: the rule, and the first page's words about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from made_up_results import finish, plan_of

from harness.report.costs import costs_of
from harness.report.decisions import Decision, axes_of, decision
from harness.report.load import load
from harness.report.standing import judge
from harness.report.standing.recommend import CostLimits, Recommendation, recommend, usual_limits
from harness.store import Store

Decided = Callable[..., Recommendation]
SCORES = {"lstm": [30.0, 30.4, 30.2], "bilstm": [30.1, 30.3, 29.9], "rnn": [20.0, 21.0, 20.5]}
SECONDS = {"lstm": 100.0, "bilstm": 40.0, "rnn": 10.0}


def fill(store: Store, values: Mapping[str, list[float]], baseline: float | None = None) -> None:
    for model, of_seeds in values.items():
        for seed, value in enumerate(of_seeds):
            finish(store, plan_of("translation", model, seed), value=value, train_s=SECONDS[model] + seed)
    if baseline is not None:
        finish(store, plan_of("translation", "copy", kind="baseline"), value=baseline)


@pytest.fixture
def decided(store: Store) -> Decided:
    def make(limits: CostLimits | None = None, baseline: float | None = None) -> Recommendation:
        fill(store, SCORES, baseline)
        (comparison,) = load(store).comparisons
        return recommend(judge(store, comparison), costs_of(comparison), limits)

    return make


def shown(store: Store) -> Decision:
    (comparison,) = load(store).comparisons
    return decision(comparison, judge(store, comparison), costs_of(comparison), "translation", "Translation", "page")


def test_without_limits_the_best_mean_is_recommended_with_what_is_as_good_and_cheaper(decided):
    found = decided()
    assert (found.model, found.within_noise, found.cheapest, found.best) == ("lstm", ("bilstm",), "bilstm", False)
    assert (found.order, found.worst, found.overall) == (("lstm", "bilstm", "rnn"), 30.0, None)


def test_a_cheap_model_of_large_spread_is_within_noise_but_not_as_good(store):
    fill(store, {"lstm": [30.0, 30.4, 30.2], "bilstm": [29.0, 31.0, 30.2], "rnn": [1.0, 30.3, 30.2]})
    (comparison,) = load(store).comparisons
    found = recommend(judge(store, comparison), costs_of(comparison))
    assert (found.model, found.within_noise, found.cheapest) == ("lstm", ("bilstm", "rnn"), "bilstm")


def test_a_limit_is_kept_only_if_every_run_kept_it(decided):
    found = decided(CostLimits(training_s=101.5))
    assert (found.model, dict(found.excluded or {})) == ("bilstm", {"lstm": "training time 1 min 42 s"})
    assert found.overall == ("lstm", False)  # not shown to be better
    assert found.best


def test_nothing_fits_limits_that_are_too_tight(decided):
    found = decided(CostLimits(training_s=1.0))
    assert (found.model, set(found.excluded or {})) == (None, {"lstm", "bilstm", "rnn"})


def test_a_cost_that_was_not_measured_keeps_no_limit(store):
    fill(store, SCORES)
    (comparison,) = load(store).comparisons
    of = judge(store, comparison)
    found = recommend(of, {}, CostLimits(latency_1_ms=1e9))
    assert found.model is None
    assert set((found.excluded or {}).values()) == {"latency not measured"}


def test_a_baseline_that_no_model_beats_is_what_to_use(store):
    fill(store, SCORES, baseline=40.0)
    made = shown(store)
    assert (made.use, made.standing, made.tone, made.cost) == ("copy", "below a baseline", "bad", "no training")
    assert made.why.startswith("No model beats the baseline copy (40.00 BLEU)")


def test_the_line_names_score_cost_worst_seed_baseline_and_the_cheapest(store):
    fill(store, SCORES, baseline=14.0)
    made = shown(store)
    assert (made.use, made.standing) == ("lstm", "undecided")
    assert made.score == "30.20 ± 0.50 BLEU ↑"
    assert made.cost.startswith("1 min 41 s to train, 1.24 M parameters")
    text = " ".join(made.notes)
    assert "Cheapest as good within its interval: bilstm, 41.0 s to train" in text
    assert "Its worst of 3 seeds: 30.00." in text
    assert "Above the baseline copy (14.00 BLEU) by 16.20 ± 0.50 BLEU." in text
    assert [m.label for m in made.order] == ["lstm", "bilstm", "rnn", "copy"]
    assert made.order[2].note.startswith("worse, 9.70 ± ")


def test_usual_limits_are_those_that_change_what_to_use(store):
    fill(store, SCORES)
    (comparison,) = load(store).comparisons
    of, costs = judge(store, comparison), costs_of(comparison)
    assert [limits.words for limits in usual_limits(of, costs)][:3] == [
        "no limit", "training time at most 1 min 0 s", "training time at most 30.0 s",
    ]  # fmt: skip
    assert axes_of([costs])["training_s"] == (30, 60)
    made = shown(store)
    assert made.usual is not None
    assert [row.cells[0].text for row in made.usual.rows][:3] == ["lstm", "bilstm", "rnn"]
    assert made.usual.rows[2].cells[3].text == "best of those; lstm is better"


def test_the_script_gets_all_that_it_needs(store):
    fill(store, SCORES, baseline=14.0)
    data = json.loads(shown(store).data)
    assert [m["label"] for m in data["models"]] == ["lstm", "bilstm", "rnn"]
    assert data["models"][0]["beats"] == ["copy", "rnn"]
    assert data["models"][0]["costs"]["training_s"] == 102.0
    assert data["order"] == ["lstm", "bilstm", "rnn", "copy"]
