"""Which runs may stand in one table."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from harness.errors import StoreError, UnknownNameError
from harness.report import overview
from harness.report.load import load, one_line


def test_an_empty_store_says_how_to_begin(store):
    with pytest.raises(StoreError, match=r"no runs yet.*harness sweep"):
        load(store)


def test_an_unknown_sweep_is_answered_with_the_known(filled):
    with pytest.raises(UnknownNameError, match="quickstart"):
        load(filled, "quikstart")


def test_equal_conditions_make_one_comparison_a_task(filled):
    data = load(filled, "quickstart")
    assert [c.task for c in data.comparisons] == [
        "translation", "text_generation", "speech_recognition", "action_recognition",
    ]  # fmt: skip
    assert data.models == ["rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm"]
    assert [e.label for e in data.comparisons[0].baselines] == ["copy_nearest"]
    assert all(len(e.finished) <= 2 for c in data.comparisons for e in c.entries)


def test_every_missing_result_has_its_reason(filled, made_up):
    comparisons = {c.task: c for c in load(filled).comparisons}
    entries = {t: {e.label: e for e in c.entries} for t, c in comparisons.items()}
    assert entries["text_generation"]["bilstm"].why_missing == made_up.reason
    assert entries["speech_recognition"]["rnn"].why_missing.startswith("failed: DivergedError: the training loss")


@pytest.mark.parametrize(
    "change", [{"budget": "seconds:60"}, {"eval_limit": 100}, {"precision": "bf16"}, {"softmax": "sampled"}]
)
def test_other_conditions_make_another_comparison(store, made_up, change):
    made_up.done(store, made_up.plan("translation", "lstm"))
    made_up.done(store, made_up.plan("translation", "rnn", **change))
    first, second = load(store).comparisons
    assert {e.label: len(e.finished) for e in first.entries} == {"lstm": 1, "rnn": 0}
    assert {e.label: len(e.finished) for e in second.entries} == {"lstm": 0, "rnn": 1}
    assert first.entries[1].why_missing == "not run under these conditions"


def test_scores_of_another_signature_direction_or_kind_of_data_are_not_compared(store, made_up):
    plan = made_up.plan("translation", "lstm")
    other = made_up.plan("translation", "rnn")
    name = str(plan.primary["name"])

    def signed(tokenizer: str) -> dict[str, dict[str, object]]:
        return {name: {**plan.units.get(name, {}), "signature": f"nrefs:1|tok:{tokenizer}"}}

    made_up.done(store, replace(plan, units=signed("13a")))
    made_up.done(store, replace(other, units=signed("intl")))
    made_up.done(store, replace(made_up.plan("translation", "bilstm"), units=signed("13a"), synthetic=True))
    turned = replace(made_up.plan("translation", "cnn_lstm"), primary={**plan.primary, "higher_is_better": False})
    made_up.done(store, replace(turned, units=signed("13a")))
    data = load(store)
    assert [[e.label for e in c.entries if e.finished] for c in data.comparisons] == [
        ["lstm"], ["rnn"], ["bilstm"], ["cnn_lstm"],
    ]  # fmt: skip
    headings = [overview.heading(c, data, {}) for c in data.comparisons]
    assert "signature nrefs:1|tok:13a" in headings[0]
    assert "signature nrefs:1|tok:intl" in headings[1]
    assert headings[2].startswith("Translation (synthetic data, ")
    assert "real data" in headings[0]
    assert "lower is better" in headings[3]


def test_another_environment_makes_another_comparison(store, made_up):
    plan = made_up.plan("translation", "lstm")
    made_up.done(store, plan)
    made_up.done(store, plan, environment=made_up.elsewhere)
    store.record_incompatible(made_up.plan("translation", "bilstm"), "reads the future")
    comparisons = load(store).comparisons
    assert [c.conditions.environment for c in comparisons] == [made_up.here.hash, made_up.elsewhere.hash]
    assert [c.entries[1].why_missing for c in comparisons] == ["reads the future"] * 2


def test_a_baseline_stands_beside_models_tested_on_the_same_examples_only(store, made_up):
    made_up.done(store, made_up.plan("translation", "lstm"))
    made_up.done(store, made_up.plan("translation", "lstm", eval_limit=10))
    made_up.done(store, made_up.plan("translation", "copy_nearest", kind="baseline"), value=9.0)
    whole, part = load(store).comparisons
    assert [e.label for e in whole.baselines] == ["copy_nearest"]
    assert part.baselines == []


def test_two_configurations_of_one_model_are_two_rows(store, made_up):
    for width in (128, 256):
        made_up.done(store, made_up.plan("translation", "lstm", width=width))
    (comparison,) = load(store).comparisons
    assert [e.label for e in comparison.entries] == ["lstm [width=128]", "lstm [width=256]"]


def test_the_newest_of_equal_runs_is_shown_and_the_others_are_counted(store, made_up):
    made_up.done(store, made_up.plan("translation", "lstm", salt="old code"), value=5.0)
    made_up.done(store, made_up.plan("translation", "lstm", salt="new code"), value=6.0)
    (comparison,) = load(store).comparisons
    (entry,) = comparison.entries
    assert [r.primary_value for r in entry.finished] == [6.0]
    assert entry.superseded == 1


def test_runs_that_have_not_finished_still_make_a_report(store, made_up):
    store.plan(made_up.plan("translation", "lstm"))
    store.start(made_up.plan("translation", "rnn"), made_up.here, owner_pid=os.getpid())
    (comparison,) = load(store).comparisons
    assert [e.why_missing for e in comparison.entries] == ["planned, not run yet", "still running"]


def test_an_error_on_one_line():
    assert one_line("Traceback (most recent call last):\n  File x\nValueError: no\n\n") == "ValueError: no"
    assert one_line("a\n  b") == "a b"
    assert one_line("x" * 400).endswith("x …")
