"""Scores of parts of a test split: those that the metric's own library gives for the part's examples alone."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jiwer
import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction
from harness.metrics.classification import ACCURACY, MACRO_F1
from harness.metrics.error_rates import WER
from harness.metrics.translation import BLEU
from harness.report import breakdowns
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.report.parts import by_class, by_length, range_edges
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary

TEXT = "die Datei öffnen wenn das Gerät nicht erreicht wurde bitte warten und Taste drücken"
WORDS = TEXT.split()
ACTIONS = ("open", "close", "pick up")
Pairs = list[tuple[str, str, str]]
"""Source, right answer and output of each example."""


def sentences(number: int, seed: int, shortest: int = 4) -> Pairs:
    """Right answers that do not hang on the seed, and outputs that do."""
    fixed, own = random.Random(0), random.Random(seed)
    pairs = []
    for _ in range(number):
        answer = [fixed.choice(WORDS) for _ in range(fixed.randint(shortest, 24))]
        output = [own.choice(WORDS) if own.random() < 0.25 else word for word in answer]
        pairs.append((" ".join(word[::-1] for word in answer), " ".join(answer), " ".join(output)))
    return pairs


@pytest.fixture
def ran(store: Store, made_up) -> Callable[..., None]:
    """Enter a finished run with these outputs, scored by the built-in metrics."""

    def enter(
        pairs: Pairs, metrics: Sequence[Metric], *, task: str, model: str = "lstm", seed: int = 0, off: float = 0.0
    ) -> None:
        plan = made_up.plan(task, model, seed)
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        rows: list[PredictionRow] = []
        for i, (source, answer, output) in enumerate(pairs):
            example, prediction = (
                Example(f"e{i}", None, None, references=(answer,)),
                Prediction(f"e{i}", output, output),
            )
            if task == "action_recognition":
                example = Example(f"e{i}", None, ACTIONS.index(answer), references=(answer,))
                prediction = Prediction(f"e{i}", ACTIONS.index(output), output)
            statistics = {m.name: dict(m.statistics(prediction, example)) for m in metrics}
            rows.append(PredictionRow(f"e{i}", source, answer, output, statistics))
        values = {f"test/{m.name}": m.aggregate([r.statistics[m.name] for r in rows]) + off for m in metrics}
        charts: dict[str, Any] = {"parts": "length"}
        if task == "action_recognition":
            charts = {
                "parts": "class",
                "confusion": {"labels": list(ACTIONS), "matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]},
            }
        summary = RunSummary(values, values[f"test/{metrics[0].name}"], 1, 1, {}, 2.0, 1.0, charts=charts)
        store.finish(run_id, summary, rows, [])

    return enter


def panels_of(store: Store) -> list[Panel]:
    data = load(store)
    colours = {label: i for i, label in enumerate(data.models)}
    return breakdowns.panels(PanelContext.judged(store, data.comparisons[0], "parts", colours))


def values_of(panel: Panel) -> dict[str, dict[str, float | None]]:
    """By model and part; parts are in columns, classes in rows."""
    (table,) = panel.tables
    titles = [c.title for c in table.columns]
    values = {row.header.text: {t: c.value for t, c in zip(titles, row.cells, strict=True)} for row in table.rows}
    if table.corner == "Model":
        return values
    return {m: {part: of_part[m] for part, of_part in values.items()} for m in titles if m != "examples"}


def parts_of(pairs: Pairs, which: int, names: Sequence[str]) -> dict[str, Pairs]:
    """The examples whose source (0) or answer (1) has as many words as a part's name says."""
    found = {}
    for name in names:
        low, _, high = name.partition("–")
        found[name] = [p for p in pairs if int(low) <= len(p[which].split()) <= int(high or low)]
    return found


def test_bleu_by_length_is_what_sacrebleu_gives_for_each_range_alone(store: Store, ran):
    pairs = sentences(150, seed=1)
    ran(pairs, [BLEU], task="translation")
    (panel,) = panels_of(store)
    assert panel.title == "BLEU by number of words in the source"
    assert panel.folded
    values = values_of(panel)["lstm"]
    whole = sacrebleu.corpus_bleu([p[2] for p in pairs], [[p[1] for p in pairs]], force=True)
    assert values.pop("all examples") == pytest.approx(whole.score)
    parts = parts_of(pairs, 0, list(values))
    assert sum(map(len, parts.values())) == 150
    assert len(parts) == 5
    for name, part in parts.items():
        expected = sacrebleu.corpus_bleu([p[2] for p in part], [[p[1] for p in part]], force=True).score
        assert values[name] == pytest.approx(expected)
        assert f"{name} ({len(part)})" in panel.text[0]


def test_word_errors_by_length_are_what_jiwer_gives_for_each_range_alone(store: Store, ran):
    # A recording's source is its name, whose length says nothing.
    pairs = [(f"speaker {i} take 1", answer, output)
             for i, (_, answer, output) in enumerate(sentences(120, seed=2, shortest=1))]  # fmt: skip
    ran(pairs, [WER], task="speech_recognition")
    (panel,) = panels_of(store)
    assert panel.title == "WER by number of words in the right answer"
    values = values_of(panel)["lstm"]
    values.pop("all examples")
    for name, part in parts_of(pairs, 1, list(values)).items():
        assert values[name] == pytest.approx(100 * jiwer.wer([p[1] for p in part], [p[2] for p in part]))


@pytest.mark.parametrize("metrics", [(ACCURACY, MACRO_F1), (MACRO_F1, ACCURACY)], ids=["accuracy", "macro_f1"])
def test_accuracy_of_each_class_hardest_first(store: Store, ran, metrics: tuple[Metric, ...]):
    counts = {"open": (30, 12), "close": (25, 20), "pick up": (40, 4)}  # examples of a class, and how many are right
    pairs = [("", c, c if i < right else "close" if c != "close" else "open") for c, (n, right) in counts.items()
             for i in range(n)]  # fmt: skip
    ran(pairs, metrics, task="action_recognition")
    (panel,) = panels_of(store)
    values = values_of(panel)["lstm"]
    values.pop("all examples")
    assert list(values) == ["pick up", "open", "close"]
    assert list(values.values()) == pytest.approx([10.0, 40.0, 80.0])
    assert panel.title == "Accuracy by class"
    assert [row.cells[0].value for row in panel.tables[0].rows] == [95, 40, 30, 25]


@pytest.mark.filterwarnings("error")
def test_a_class_that_no_example_is_scored_for_comes_last_without_a_value(store: Store, ran):
    def statistics(prediction: Prediction, example: Example) -> dict[str, int]:
        counted = int(example.target != ACTIONS.index("close"))
        return {"correct": counted * int(prediction.output == example.target), "counted": counted}

    def share(rows: Sequence[Any]) -> float:
        return 100 * sum(row["correct"] for row in rows) / sum(row["counted"] for row in rows)

    pairs = [("", name, name) for name in ACTIONS for _ in range(10)]
    ran(pairs, [replace(ACCURACY, statistics=statistics, aggregate=share)], task="action_recognition")
    (panel,) = panels_of(store)
    assert list(values_of(panel)["lstm"].items()) == [
        ("all examples", 100.0),
        ("open", 100.0),
        ("pick up", 100.0),
        ("close", None),
    ]


def test_seeds_are_averaged_and_their_spread_is_shown(store: Store, ran):
    for seed in (1, 2, 3):
        ran(sentences(100, seed), [BLEU], task="translation", seed=seed)
    (panel,) = panels_of(store)
    row = panel.tables[0].rows[0]
    scores = []
    for seed in (1, 2, 3):
        pairs = sentences(100, seed)
        scores.append(sacrebleu.corpus_bleu([p[2] for p in pairs], [[p[1] for p in pairs]], force=True).score)
    assert row.cells[0].value == pytest.approx(np.mean(scores))
    assert row.cells[0].note == f"{min(scores):.2f} to {max(scores):.2f}"
    assert "from the lowest to the highest seed" in panel.figures[0].caption


def test_the_best_mean_of_each_part_is_named(store: Store, ran):
    pairs = sentences(100, seed=1)
    ran(pairs, [BLEU], task="translation", model="rnn")
    ran([(s, a, a) for s, a, _ in pairs], [BLEU], task="translation", model="lstm")
    (panel,) = panels_of(store)
    assert "Best mean: lstm in all. Differences within parts were not tested." in panel.text


def test_bleu_has_no_value_where_outputs_are_shorter_than_its_word_sequences(store: Store, ran):
    short = [(f"{a} {b}", f"{a} {b}", f"{a} {b}") for a in WORDS[:6] for b in WORDS[:6]]
    ran([*short, *sentences(80, seed=1)], [BLEU], task="translation")
    (panel,) = panels_of(store)
    values = values_of(panel)["lstm"]
    assert values["2"] is None  # every output is exactly right, and BLEU is 0 by definition
    assert all(v is not None for name, v in values.items() if name != "2")
    assert "too short for the metric" in " ".join(panel.text)


def test_a_seed_whose_outputs_are_too_short_counts_with_its_zero(store: Store, ran):
    pairs = sentences(100, seed=1)
    ran(pairs, [BLEU], task="translation", seed=0)
    ran([(source, answer, "a b") for source, answer, _ in pairs], [BLEU], task="translation", seed=1)
    whole = sacrebleu.corpus_bleu([p[2] for p in pairs], [[p[1] for p in pairs]], force=True).score
    (panel,) = panels_of(store)
    cell = panel.tables[0].rows[0].cells[0]
    assert (cell.value, cell.note) == (pytest.approx(whole / 2), f"0.00 to {whole:.2f}")
    assert all(value is not None for value in values_of(panel)["lstm"].values())


def test_a_run_whose_examples_do_not_give_its_score_is_left_out_and_named(store: Store, ran):
    pairs = sentences(100, seed=1)
    ran(pairs, [BLEU], task="translation", model="rnn")
    ran(pairs, [BLEU], task="translation", model="lstm", off=3.0)
    (panel,) = panels_of(store)
    assert list(values_of(panel)) == ["rnn"]
    assert "1 run of lstm" in panel.text[-1]


def test_too_few_examples_are_not_divided(store: Store, ran):
    ran(sentences(39, seed=1), [BLEU], task="translation")
    assert panels_of(store) == []


def test_statistics_without_a_formula_are_not_guessed_at(store: Store, made_up):
    plan = made_up.plan("translation", "lstm")
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    rows = [PredictionRow(f"e{i}", "a b " * (i % 9 + 1), "c", "d", {"bleu": [8, 7, i]}) for i in range(100)]
    store.finish(run_id, RunSummary({"test/bleu": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0), rows, [])
    assert panels_of(store) == []


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 6), st.integers(1, 25))
def test_ranges_hold_everything_and_none_is_too_small(lengths: list[int], ranges: int, fewest: int):
    array = np.array(lengths, dtype=int)
    edges = range_edges(array, ranges, fewest)
    assert edges == sorted(set(edges))
    assert len(edges) <= ranges
    if len(lengths) < fewest:
        assert edges == []
        return
    part = np.searchsorted(edges, array)
    assert part.max() < len(edges)
    assert np.bincount(part, minlength=len(edges)).min() >= fewest


def test_texts_without_spaces_are_measured_in_characters():
    texts = {str(i): ("模型" * (1 + i % 10), "x") for i in range(100)}
    parts = by_length(texts)
    assert parts is not None
    assert parts.what == "characters in the source"
    assert parts.names == ["2–4", "6–8", "10–12", "14–16", "18–20"]
    assert parts.sizes == [20] * 5


def test_every_class_is_a_part_and_examples_without_one_are_in_none():
    texts = {f"{c}{i}": ("", c) for c, n in (("a", 20), ("b", 30), ("c", 13), ("", 40)) for i in range(n)}
    parts = by_class(texts)
    assert parts is not None
    assert (parts.names, parts.sizes) == (["a", "b", "c"], [20, 30, 13])
    assert int((parts.of == -1).sum()) == 40
    assert by_class({k: v for k, v in texts.items() if v[1] in ("b", "")}) is None


def test_a_small_class_is_shown_and_said_to_be_small(store: Store, ran):
    pairs = [("", c, c if i % 2 else "open") for c, n in (("open", 30), ("close", 13)) for i in range(n)]
    ran(pairs, (ACCURACY,), task="action_recognition")
    (panel,) = panels_of(store)
    assert values_of(panel)["lstm"]["close"] == pytest.approx(100 * 6 / 13)
    assert panel.text[0] == (
        "Each class separately, the hardest one first, with its number of test examples: close (13), open (30). "
        "1 class has fewer than 20 examples: a score of so few is largely chance."
    )


def test_the_table_has_all_classes_where_the_figure_cannot(store: Store, ran, monkeypatch):
    monkeypatch.setattr(breakdowns, "_MOST_CLASSES", 2)
    ran([("", c, "open") for c in ACTIONS for _ in range(20)], (ACCURACY,), task="action_recognition")
    (panel,) = panels_of(store)
    assert [row.header.text for row in panel.tables[0].rows][1:] == ["close", "pick up", "open"]
    assert "The figure shows the 2 hardest of 3 classes, the table all of them." in panel.text
