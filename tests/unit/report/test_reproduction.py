"""Published figures beside ours: what is comparable, and what the seeds say about it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.report import overview
from harness.report.load import load
from harness.report.outline import machine_names
from harness.report.pages import pages_of_report
from harness.report.reproduction.figures import FigureVerdict, Outcome, findings
from harness.report.reproduction.page import reproduction
from harness.report.sections import compose
from harness.store import Store

SIGNATURE = "case:mixed|tok:13a"
SEEDS = (30.0, 30.4, 30.8)  # mean 30.4, 95 % interval 29.41 to 31.39


@pytest.fixture
def finding(store: Store, made_up: Any) -> Any:
    """Runs a model with some values, with one published figure, and returns what is found about it."""

    def run(
        values: tuple[float, ...] = SEEDS, model: str = "lstm", task: str = "translation", **told: Any
    ) -> FigureVerdict:
        figure = {"metric": "bleu", "value": 31.0, "system": "an LSTM", "source": "a paper", "model": "lstm"}
        settings = {n: told.pop(n) for n in ("eval_limit", "budget") if n in told}
        if task == "translation":
            told = {"signature": SIGNATURE, **told}
        for seed, value in enumerate(values):
            plan = replace(made_up.plan(task, model, seed, **settings), references=[figure | told])
            made_up.done(store, plan, value=value)
        return one(store)

    return run


def one(store: Store) -> FigureVerdict:
    (comparison,) = load(store).comparisons
    (found,) = findings(comparison)
    return found


@pytest.mark.parametrize(
    ("published", "outcome", "words"),
    [
        (31.0, Outcome.REPRODUCED, "inside our 95 % interval (0.60 below)"),
        (29.0, Outcome.BETTER, "1.40 above, and outside"),
        (33.0, Outcome.WORSE, "2.60 below, and outside"),
    ],
)
def test_the_published_value_is_held_against_our_interval(finding, published: float, outcome: Outcome, words: str):
    found = finding(value=published)
    assert found.outcome is outcome
    assert words in found.why
    assert found.ours.same_kind


def test_lower_is_better_where_the_metric_says_so(finding):
    told = {"metric": "bits_per_character", "value": 1.9, "task": "text_generation"}
    assert finding((1.70, 1.72, 1.74), **told).outcome is Outcome.BETTER


def test_a_declared_tolerance_reproduces_what_the_interval_leaves_out(finding):
    found = finding(value=33.0, tolerance=3.0)
    assert found.outcome is Outcome.REPRODUCED
    assert "within the declared tolerance of 3" in found.why


@pytest.mark.parametrize(("values", "words"), [((32.0,), "one run"), ((32.0, 32.0), "2 runs")])
def test_few_seeds_have_no_interval_and_no_verdict(finding, values: tuple[float, ...], words: str):
    found = finding(values)
    assert found.outcome is Outcome.NO_INTERVAL
    assert found.why == f"{words}, no interval: 1.00 above"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"signature": "tok:spacy"}, "another variant of bleu: tok:spacy, ours tok:13a"),
        ({"signature": "beam:5"}, "another variant of bleu: beam:5, ours without it"),
        ({"signature": ""}, "does not say which variant of bleu"),
        ({"split": "val"}, "another split: val, ours on test"),
        ({"test_examples": 1000}, "measured on 1000 test examples, ours on 1200"),
        ({"eval_limit": 30}, "ours is on a part of the test split (task.eval_limit=30)"),
        ({"options": {"task.lowercase": True}}, "measured with task.lowercase=true, ours with task.lowercase=null"),
        ({"synthetic": True}, "measured on synthetic data"),
    ],
)
def test_what_was_measured_otherwise_is_not_comparable_and_says_why(finding, told: dict[str, Any], reason: str):
    found = finding(**told)
    assert found.outcome is Outcome.NOT_COMPARABLE
    assert reason in found.why


def test_scores_on_synthetic_data_are_held_against_none_on_real_data(finding):
    found = finding((90.0, 91.0, 92.0), task="action_recognition", metric="accuracy", value=91.0)
    assert (found.outcome, found.why) == (Outcome.NOT_COMPARABLE, "our data is synthetic")


def test_another_budget_is_told_and_no_reason(finding):
    found = finding(budget="steps:5")
    assert found.outcome is Outcome.REPRODUCED
    assert "ours trained for 5 steps" in found.remarks


def test_without_the_model_it_names_a_figure_stands_beside_the_best(finding):
    found = finding(model="rnn", value=31.0)
    assert found.ours.entry.model == "rnn"
    assert found.remarks[0] == "lstm was not run; our best model, not the system published"


def test_a_seed_without_a_value_gives_no_verdict(finding):
    assert finding((30.0, math.nan, 31.0)).outcome is Outcome.NOT_COMPARABLE


def test_what_was_only_planned_is_not_run(store: Store, made_up: Any):
    store.plan(made_up.plan("translation", "lstm"))
    assert one(store).outcome is Outcome.NOT_RUN
    data = load(store)
    table = reproduction(data, [overview.heading(c, data, machine_names(data)) for c in data.comparisons])
    assert table is not None
    assert table.counts == [("not run", 1)]


@pytest.mark.parametrize(
    "stored", [{"metric": "bleu"}, {"value": 3.0}, {"metric": "bleu", "value": "3"}, {"metric": "bleu", "value": True}]
)
def test_what_is_no_figure_in_the_store_is_passed_over(store: Store, made_up: Any, stored: dict[str, Any]):
    made_up.done(store, replace(made_up.plan("translation", "lstm"), references=[stored]), value=30.0)
    (comparison,) = load(store).comparisons
    assert findings(comparison) == []


def test_the_page_and_the_table_show_every_figure_with_source_and_reason(finding, store: Store):
    finding(value=31.0, protocol="one model, no ensemble", source="Somebody 2020")
    report = compose(store, load(store))
    assert "reproduction" in [t.name for t in report.tables()]
    page = dict(pages_of_report(report))["reproduction.html"]
    for words in (
        "one model, no ensemble",
        "Somebody 2020",
        "30.40 ± 0.99",
        "inside our 95 % interval",
        "1</b> reprod",
    ):
        assert words in page
    assert 'href="reproduction.html"' in dict(pages_of_report(report))["index.html"]


def test_runs_without_published_figures_have_no_page(store: Store, made_up: Any):
    made_up.done(store, made_up.plan("action_recognition", "lstm"), value=90.0)
    assert "reproduction.html" not in dict(pages_of_report(compose(store, load(store))))
