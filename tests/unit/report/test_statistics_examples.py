"""Example tests against sacreBLEU's paired tests, exact enumeration, scipy, and a resampling by hand of error rates."""

from __future__ import annotations

import itertools
import math

import jiwer
import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU as SacreBleu
from sacrebleu.significance import PairedTest
from scipy import stats

from harness import Example, Prediction
from harness.metrics.error_rates import WER
from harness.metrics.translation import BLEU
from harness.report.statistics import compare_examples, corpus

WORDS = np.array(["the", "a", "house", "door", "red", "small", "is", "was", "open", "we", "go", "to", "and", "of"])


def spoiled(dice, sentences: list[str], share: float) -> list[str]:
    """Sentences with a share of their words replaced."""
    found = []
    for sentence in sentences:
        words = np.array(sentence.split())
        wrong = dice.random(len(words)) < share
        words[wrong] = dice.choice(WORDS, wrong.sum())
        found.append(" ".join(words))
    return found


@pytest.fixture(scope="module")
def sentences() -> dict[str, list[str]]:
    """120 references and three systems: two alike, one clearly worse."""
    dice = np.random.default_rng(21)
    references = [" ".join(dice.choice(WORDS, dice.integers(5, 14))) for _ in range(120)]
    return {
        "reference": references,
        "one": spoiled(dice, references, 0.25),
        "two": spoiled(dice, references, 0.28),
        "worse": spoiled(dice, references, 0.4),
    }


def outcome_of(metric, sentences, labels, *, higher: bool):
    rows = {
        label: [
            metric.statistics(Prediction("", None, text=text), Example("", None, None, references=(reference,)))
            for text, reference in zip(sentences[label], sentences["reference"], strict=True)
        ]
        for label in labels
    }
    formula = corpus.formula_of(rows[labels[0]])
    assert formula is not None
    tables, refused = corpus.tabulate(formula, rows)
    assert not refused
    return compare_examples(tables, formula.score, higher_is_better=higher)


@pytest.mark.parametrize("rival", ["two", "worse"])
def test_randomisation_of_bleu_agrees_with_sacrebleus(sentences, rival):
    found = outcome_of(BLEU, sentences, ["one", rival], higher=True)
    systems = [("one", sentences["one"]), (rival, sentences[rival])]
    theirs = PairedTest(systems, {"BLEU": SacreBleu()}, [sentences["reference"]], "ar", n_samples=4999)()[1]["BLEU"]
    assert found.scores["one"] == pytest.approx(theirs[0].score)
    assert found.scores[rival] == pytest.approx(theirs[1].score)
    (test,) = found.tests
    assert test.p == pytest.approx(theirs[1].p_value, abs=4 * math.sqrt(test.p / 4999) + 0.0005)
    assert test.decided == (rival == "worse")


def test_the_bootstrap_of_bleu_agrees_with_sacrebleus(sentences):
    """Its test puts the spread of resampled differences around 0: p = P(|d*| - mean |d*| > |d|)."""
    systems = [("one", sentences["one"]), ("worse", sentences["worse"])]
    theirs = PairedTest(systems, {"BLEU": SacreBleu()}, [sentences["reference"]], "bs", n_samples=2000)()[1]["BLEU"]
    (test,) = outcome_of(BLEU, sentences, ["one", "worse"], higher=True).tests
    assert (test.low or 0.0) > 0
    assert theirs[1].p_value < 0.05
    (alike,) = outcome_of(BLEU, sentences, ["one", "two"], higher=True).tests
    assert (alike.low or 0.0) < 0 < (alike.high or 0.0)


def test_the_bootstrap_of_word_error_rates_is_bisani_and_neys(sentences):
    """Resampled by hand: utterances drawn with replacement, jiwer on each drawn corpus, both systems on the same."""
    (test,) = outcome_of(WER, sentences, ["one", "worse"], higher=False).tests
    dice = np.random.default_rng(1)
    references = sentences["reference"]
    edits = {}
    for label in ("one", "worse"):
        single = [jiwer.process_words(r, h) for r, h in zip(references, sentences[label], strict=True)]
        edits[label] = np.array([s.substitutions + s.deletions + s.insertions for s in single])
    lengths = np.array([len(r.split()) for r in references])
    drawn = dice.integers(0, 120, (20_000, 120))
    differences = 100 * (edits["one"][drawn].sum(1) - edits["worse"][drawn].sum(1)) / lengths[drawn].sum(1)
    low, high = np.quantile(differences, [0.025, 0.975])
    assert test.first == "one"
    assert (test.low, test.high) == (pytest.approx(low, abs=0.5), pytest.approx(high, abs=0.5))
    expected = 100 * (jiwer.wer(references, sentences["one"]) - jiwer.wer(references, sentences["worse"]))
    assert test.difference == pytest.approx(expected)


def test_randomisation_of_few_examples_is_the_exact_test():
    dice = np.random.default_rng(3)
    a, b = dice.integers(0, 6, 9), dice.integers(1, 9, 9)
    lengths = np.full(9, 10)
    tables = {n: np.column_stack([e, lengths, np.ones(9)]).astype(float) for n, e in (("a", a), ("b", b))}
    formula = corpus.formula_of([{"edits": 1, "reference_length": 1}])
    assert formula is not None
    (test,) = compare_examples(tables, formula.score, higher_is_better=False).tests
    observed = abs(a.sum() - b.sum())
    ways = [abs(((a - b) * signs).sum()) >= observed for signs in itertools.product((1, -1), repeat=9)]
    assert test.p == pytest.approx(np.mean(ways), abs=4 * math.sqrt(np.mean(ways) / 4999))
    assert test.low is None


def test_randomisation_of_a_mean_agrees_with_t():
    """For a mean over many examples, swapping and the paired t test say the same."""
    dice = np.random.default_rng(8)
    a = dice.exponential(1.0, 400)
    b = a + dice.normal(0.05, 0.5, 400)
    tables = {n: np.column_stack([v, np.ones(400), np.ones(400)]) for n, v in (("a", a), ("b", b))}
    formula = corpus.formula_of([{"absolute_error": 1.0, "count": 1}])
    assert formula is not None
    (test,) = compare_examples(tables, formula.score, higher_is_better=False).tests
    theirs = stats.ttest_rel(a, b)
    assert test.p == pytest.approx(theirs.pvalue, abs=4 * math.sqrt(theirs.pvalue / 4999) + 0.003)
    interval = theirs.confidence_interval()
    width = interval.high - interval.low
    assert sorted((test.low, test.high)) == pytest.approx([interval.low, interval.high], abs=0.08 * width)


def test_three_systems_make_one_family(sentences):
    found = outcome_of(BLEU, sentences, ["worse", "two", "one"], higher=True)
    assert list(found.scores) == ["one", "two", "worse"]
    assert [(t.first, t.second) for t in found.tests] == [("one", "two"), ("one", "worse"), ("two", "worse")]
    assert [t.decided for t in found.tests] == [False, True, True]
    assert all(t.adjusted >= t.p for t in found.tests)
    assert found == outcome_of(BLEU, sentences, ["worse", "two", "one"], higher=True)  # the same draws


def test_examples_that_do_not_differ_decide_nothing():
    right = np.ones((200, 2))
    wrong = right.copy()
    wrong[:5, 0] = 0
    (test,) = compare_examples({"a": right, "b": wrong}, lambda s: s[..., 0] / s[..., 1], higher_is_better=True).tests
    assert test.difference > 0
    assert (test.differing, test.decidable, test.decided) == (5, False, False)
    assert test.p == pytest.approx(2 / 32, abs=0.015)
    (same,) = compare_examples({"a": right, "b": right}, lambda s: s[..., 0], higher_is_better=True).tests
    assert (same.p, same.decided) == (1.0, False)


def test_many_pairs_are_given_enough_draws():
    dice = np.random.default_rng(2)
    tables = {f"m{i}": np.column_stack([dice.random(15_000), np.ones(15_000)]) for i in range(12)}
    found = compare_examples(tables, lambda s: s[..., 0], higher_is_better=True)
    assert 1 / (1 + found.draws) <= 0.05 / len(found.tests)
    assert all(t.decidable for t in found.tests)
