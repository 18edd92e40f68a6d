"""One metric's statistics of many runs at once."""

from __future__ import annotations

import os

import pytest

from harness.store.example_statistics import example_count, example_statistics, example_texts
from harness.store.records import PredictionRow


@pytest.fixture
def run_ids(store, make_plan, environment, summary) -> list[int]:
    """Three finished runs with two examples each; the second example lacks the metric 'wer'."""
    ids = []
    for seed in range(3):
        run_id = store.start(make_plan(seed=seed), environment, owner_pid=os.getpid())
        rows = [
            PredictionRow("b", "hello", "hallo", "halo", {"bleu": {"matches": [seed, 1]}, "wer": {"edits": seed}}),
            PredictionRow("a", "", "ja", "ja", {"bleu": {"matches": [0, 0]}, 'odd "name".$[0]': {"n": 1}}),
        ]
        store.finish(run_id, summary, rows, [])
        ids.append(run_id)
    return ids


def test_statistics_come_by_run_and_example(store, run_ids):
    found = example_statistics(store, run_ids[:2], "bleu")
    assert found == {
        run_id: {"b": {"matches": [seed, 1]}, "a": {"matches": [0, 0]}} for seed, run_id in enumerate(run_ids[:2])
    }
    assert list(found[run_ids[0]]) == ["b", "a"]  # the order of the split


def test_what_is_not_there_is_none_or_nothing(store, run_ids):
    assert example_statistics(store, run_ids[:1], "wer") == {run_ids[0]: {"b": {"edits": 0}, "a": None}}
    assert example_statistics(store, [max(run_ids) + 1], "bleu") == {}
    assert example_statistics(store, [], "bleu") == {}


def test_more_runs_than_a_statement_takes(store, run_ids):
    many = [*range(10_000, 10_700), *run_ids]
    assert set(example_statistics(store, many, "bleu")) == set(run_ids)


def test_texts_and_their_number(store, run_ids):
    assert example_count(store, run_ids[0]) == 2
    assert example_count(store, max(run_ids) + 1) == 0
    assert list(example_texts(store, run_ids[0]).items()) == [("b", ("hello", "hallo")), ("a", ("", "ja"))]


@pytest.mark.parametrize("name", ['odd "name".$[0]', "it's; DROP TABLE runs", "$.*", ""])
def test_names_of_metrics_are_names_and_no_paths(store, run_ids, name: str):
    found = example_statistics(store, run_ids[:1], name)[run_ids[0]]
    assert found["b"] is None
    assert found["a"] in (None, {"n": 1})
