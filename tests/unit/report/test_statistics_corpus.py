"""Corpus formulas over sums against the metrics themselves, sacreBLEU, jiwer and scikit-learn."""

from __future__ import annotations

import math

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU as SacreBleu
from sacrebleu.metrics.chrf import CHRF as SacreChrf
from sklearn.metrics import f1_score

from harness import Example, Prediction
from harness.metrics import classification, error_rates, forecasting, language_model, translation
from harness.report.statistics import corpus

METRICS = {
    "accuracy": classification.ACCURACY,
    "macro_f1": classification.MACRO_F1,
    "wer": error_rates.WER,
    "cer": error_rates.CER,
    "sentence_accuracy": error_rates.SENTENCE_ACCURACY,
    "mse": forecasting.MSE,
    "mae": forecasting.MAE,
    "bits_per_character": language_model.BITS_PER_CHARACTER,
    "perplexity": language_model.PERPLEXITY,
    "bleu": translation.BLEU,
    "chrf": translation.CHRF,
}
WORDS = ("the", "house", "is", "small", "a", "b", "red", "door", ",", "x")
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
pairs_of_texts = st.lists(st.tuples(texts, texts.filter(bool)), min_size=1, max_size=8)
whole = st.integers(0, 50)


def rows_of(name: str, answers: list[tuple[str, str]]) -> list:
    metric = METRICS[name]
    found = []
    for i, (output, reference) in enumerate(answers):
        classes = len(reference) % 4, len(output) % 4
        if name in ("accuracy", "macro_f1"):
            prediction, example = Prediction(str(i), classes[1]), Example(str(i), None, classes[0])
        elif name in ("mse", "mae"):
            prediction = Prediction(str(i), np.full((2, 1), len(output) / 7))
            example = Example(str(i), None, np.full((2, 1), float(len(reference))))
        elif name in ("bits_per_character", "perplexity"):
            prediction = Prediction(str(i), None, nats=len(output) / 3, count=len(reference))
            example = Example(str(i), None, None, units={"characters": len(reference)})
        else:
            prediction = Prediction(str(i), None, text=output)
            example = Example(str(i), None, None, references=(reference,))
        found.append(metric.statistics(prediction, example))
    return found


@pytest.mark.parametrize("name", METRICS)
@given(answers=pairs_of_texts)
def test_the_formula_gives_the_metrics_own_value(name, answers):
    rows = rows_of(name, answers)
    formula = corpus.formula_of(rows)
    assert formula is not None
    tables, refused = corpus.tabulate(formula, {"a": rows})
    assert not refused
    expected = METRICS[name].aggregate(rows)
    assert float(formula.score(tables["a"].sum(0))) == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)
    assert corpus.matches(formula, tables["a"], expected) == math.isfinite(expected)


@pytest.mark.parametrize("name", METRICS)
def test_many_sums_at_once_give_what_each_gives_alone(name):
    dice = np.random.default_rng(4)
    answers = [(" ".join(dice.choice(WORDS, 6)), " ".join(dice.choice(WORDS, 7))) for _ in range(12)]
    rows = rows_of(name, answers)
    formula = corpus.formula_of(rows)
    assert formula is not None
    table = corpus.tabulate(formula, {"a": rows})[0]["a"]
    chosen = [sorted(dice.choice(12, 5)) for _ in range(20)]
    weights = np.array([[drawn.count(i) for i in range(12)] for drawn in chosen], dtype=float)
    expected = [METRICS[name].aggregate([rows[i] for i in drawn]) for drawn in chosen]
    assert formula.score(weights @ table) == pytest.approx(expected, rel=1e-9)


@given(pairs_of_texts)
def test_bleu_and_chrf_are_sacrebleus(answers):
    hypotheses, references = [a for a, _ in answers], [[r for _, r in answers]]
    for name, theirs in (("bleu", SacreBleu(force=True)), ("chrf", SacreChrf())):
        rows = rows_of(name, answers)
        formula = corpus.formula_of(rows)
        assert formula is not None
        ours = formula.score(corpus.tabulate(formula, {"a": rows})[0]["a"].sum(0))
        assert float(ours) == pytest.approx(theirs.corpus_score(hypotheses, references).score, abs=1e-9)


@given(pairs_of_texts)
def test_wer_is_jiwers(answers):
    rows = rows_of("wer", answers)
    formula = corpus.formula_of(rows)
    assert formula is not None
    ours = formula.score(corpus.tabulate(formula, {"a": rows})[0]["a"].sum(0))
    assert float(ours) == pytest.approx(100 * jiwer.wer([r for _, r in answers], [a for a, _ in answers]))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30))
def test_macro_f1_is_scikit_learns(classes):
    rows = [{"actual": a, "predicted": p} for a, p in classes]
    formula = corpus.formula_of(rows)
    assert formula is not None
    ours = formula.score(corpus.tabulate(formula, {"a": rows})[0]["a"].sum(0))
    actual, predicted = [a for a, _ in classes], [p for _, p in classes]
    assert float(ours) == pytest.approx(100 * f1_score(actual, predicted, average="macro"))


@pytest.mark.parametrize(
    "rows",
    [[], [{"n": 1}], [[1, 2, 3]], [None], [{"correct": 1, "weight": 2}]],
    ids=["none", "other names", "a list", "nothing", "one more"],
)
def test_statistics_of_another_kind_have_no_formula(rows):
    assert corpus.formula_of(rows) is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ([{"edits": 1, "reference_length": 2}, {"edits": None, "reference_length": 2}], "undefined"),
        ([{"edits": 1, "reference_length": 2}, {"edits": math.inf, "reference_length": 2}], "not finite"),
        ([{"edits": 1, "reference_length": 2}, {"edits": "<b>", "reference_length": 2}], "not like the others"),
        ([{"edits": 1, "reference_length": 2}, {"edits": 1}], "not like the others"),
        ([{"edits": [1, 2], "reference_length": 2}], "not like the others"),
        ([{"correct": 1}], "not like the others"),
    ],
    ids=["none", "infinite", "text", "missing", "list", "other"],
)
def test_a_model_with_strange_statistics_is_left_out_with_its_reason(bad, reason):
    good = [{"edits": 1, "reference_length": 2}, {"edits": 0, "reference_length": 3}]
    formula = corpus.formula_of(good)
    assert formula is not None
    tables, refused = corpus.tabulate(formula, {"good": good, "bad": bad})
    assert list(tables) == ["good"]
    assert reason in refused["bad"]


def test_class_numbers_without_bounds_are_refused():
    rows = [{"actual": 0, "predicted": 10**12}]
    formula = corpus.formula_of(rows)
    assert formula is not None
    assert corpus.tabulate(formula, {"a": rows}) == ({}, {"a": "its statistics are not like the others"})


def test_a_stored_score_that_the_examples_do_not_give_is_noticed():
    rows = [{"correct": 1}, {"correct": 0}, {"correct": 1}]
    formula = corpus.formula_of(rows)
    assert formula is not None
    table = corpus.tabulate(formula, {"a": rows})[0]["a"]
    assert corpus.matches(formula, table, 200 / 3)
    assert not corpus.matches(formula, table, 66.7)
    assert not corpus.matches(formula, table, None)
