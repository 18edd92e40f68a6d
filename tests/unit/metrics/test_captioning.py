"""Scores of captions are those of pycocoevalcap 1.2, to the last digit that it prints."""

from collections import defaultdict
from pathlib import Path

import pytest

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.metrics.captioning import BLEU_4, CIDER_D, ROUGE_L, caption_words
from harness.report.statistics import corpus

METRICS = (BLEU_4, ROUGE_L, CIDER_D)
REFERENCES = {
    "a": ("a man is riding a horse", "someone rides a horse on a beach", "a man rides"),
    "b": ("a dog runs after a ball", "the dog is chasing the red ball"),
    "c": ("two women are slicing an onion", "a woman cuts onions in a kitchen", "women cook"),
    "d": ("a cat sleeps",),
}
ANSWERS = {
    "a": "A man rides a horse on the beach.",
    "b": "a dog is chasing a ball a ball",
    "c": "a woman is slicing an onion",
    "d": "a dog",
}


def rows(answers, references):
    pairs = [(Prediction(k, [], answers[k]), Example(k, None, 0, tuple(references[k]))) for k in answers]
    return [{m.name: m.statistics(*pair) for m in METRICS} for pair in pairs]


def test_a_small_corpus_scores_as_pycocoevalcap_scores_it():
    found = aggregate(METRICS, rows(ANSWERS, REFERENCES))
    assert found == pytest.approx(
        {"bleu_4": 32.68888217281102, "rouge_l": 56.88114974632296, "cider_d": 157.30722988853238}, rel=1e-12
    )


@pytest.mark.parametrize("metric", [BLEU_4, ROUGE_L])
def test_the_report_computes_the_same_score_from_sums(metric):
    mine = [row[metric.name] for row in rows(ANSWERS, REFERENCES)]
    formula = corpus.formula_of(mine)
    assert corpus.matches(formula, formula.columns(mine, 0), metric.aggregate(mine))


def test_an_empty_answer_scores_nothing():
    assert aggregate(METRICS, rows(dict.fromkeys(ANSWERS, ""), REFERENCES)) == pytest.approx(
        {"bleu_4": 0.0, "rouge_l": 0.0, "cider_d": 0.0}, abs=1e-6
    )


def test_words_are_in_lower_case_and_without_punctuation():
    assert caption_words("A man's dog -- it can't \"sit\".") == ["a", "man's", "dog", "it", "can't", "sit"]


@pytest.mark.shared_data
def test_held_out_captions_of_msvd_score_as_pycocoevalcap_scores_them(shared_data: Path):
    text = (shared_data / "video-captioning/msvd/sents_test_lc_nopunc.txt").read_text(encoding="utf-8")
    captions = defaultdict(list)
    for line in text.splitlines():
        film, _, said = line.partition("\t")
        captions[film].append(said)
    assert (len(captions), sum(map(len, captions.values()))) == (670, 27_763)
    answers = {film: said[0] for film, said in captions.items()}
    found = aggregate(METRICS, rows(answers, {film: said[1:] for film, said in captions.items()}))
    assert found == pytest.approx(
        {"bleu_4": 49.45167611730337, "rouge_l": 75.72113358195193, "cider_d": 112.54598388428897}, rel=1e-12
    )
