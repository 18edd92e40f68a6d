"""Error rates against jiwer over the whole corpus."""

import json

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.errors import DataError
from harness.metrics.error_rates import CER, SENTENCE_ACCURACY, WER

sentence = st.lists(st.sampled_from(["one", "two", "three", "zero", "nine"]), max_size=6).map(" ".join)
corpus = st.lists(st.tuples(sentence, sentence), min_size=1, max_size=12)


def _value(metric, texts):
    rows = [
        metric.statistics(Prediction(str(i), [], text=hypothesis), Example(str(i), None, [], (reference,)))
        for i, (reference, hypothesis) in enumerate(texts)
    ]
    return metric.aggregate(json.loads(json.dumps(rows)))


@settings(deadline=None, max_examples=50)
@given(corpus)
def test_rates_equal_jiwer_over_the_whole_corpus(texts):
    references, hypotheses = [list(side) for side in zip(*texts, strict=True)]
    assert _value(WER, texts) == pytest.approx(100 * jiwer.wer(references, hypotheses), rel=1e-12)
    assert _value(CER, texts) == pytest.approx(100 * jiwer.cer(references, hypotheses), rel=1e-12)


@settings(deadline=None, max_examples=50)
@given(corpus, st.randoms())
def test_rates_do_not_depend_on_order(texts, random):
    shuffled = random.sample(texts, len(texts))
    for metric in (WER, CER, SENTENCE_ACCURACY):
        assert _value(metric, texts) == _value(metric, shuffled)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "wer"),
    [("", "", 0.0), ("", "one two", 200.0), ("one two", "", 100.0), ("one two", "one", 50.0), ("a", "a b c", 200.0)],
)
def test_empty_texts_and_insertions(reference, hypothesis, wer):
    assert _value(WER, [(reference, hypothesis)]) == wer


def test_only_the_first_reference_counts():
    row = WER.statistics(Prediction("a", [], text="two"), Example("a", None, [], ("one", "two")))
    assert row == {"edits": 1, "reference_length": 1}


def test_sentence_accuracy_ignores_the_amount_of_white_space():
    assert _value(SENTENCE_ACCURACY, [("one two", " one  two "), ("one", "one two"), ("", "")]) == pytest.approx(
        200 / 3
    )


def test_an_example_without_reference_is_named():
    with pytest.raises(DataError, match=r"'clip-7' has no reference"):
        WER.statistics(Prediction("clip-7", []), Example("clip-7", None, []))


def test_directions_and_signature():
    assert (WER.higher_is_better, CER.higher_is_better, SENTENCE_ACCURACY.higher_is_better) == (False, False, True)
    assert WER.signature == CER.signature
    assert WER.signature.startswith("jiwer:4")
