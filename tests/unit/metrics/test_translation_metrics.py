"""BLEU and chrF against sacreBLEU's corpus scores and signatures."""

import json

import pytest
import sacrebleu
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.errors import DataError
from harness.metrics.error_rates import CER, SENTENCE_ACCURACY, WER
from harness.metrics.translation import BLEU, CHRF, bleu, chrf

HYPOTHESES = [
    "Das Licht im Wohnzimmer ist an.",
    "Verbindung fehlgeschlagen",
    "Es gibt keine neuen Nachrichten, bitte warten Sie!",
    "",
    "Ein Gerät (neu) wurde gefunden: 3,5 km",
]
REFERENCES = [
    ["Das Licht im Wohnzimmer ist aus.", "Im Wohnzimmer ist das Licht an."],
    ["Verbindung fehlgeschlagen", "Die Verbindung ist fehlgeschlagen"],
    ["Es liegen keine neuen Nachrichten vor, bitte warten!", "Keine neuen Nachrichten."],
    ["Warten", "Bitte warten"],
    ["Ein neues Gerät wurde gefunden: 3,5 km", "Gerät gefunden"],
]

words = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "Mat", "mat.", "3.5", "-"]), max_size=8).map(" ".join)


def _value(metric, hypotheses, references):
    rows = [
        metric.statistics(Prediction(str(i), [], text=h), Example(str(i), None, [], tuple(r)))
        for i, (h, r) in enumerate(zip(hypotheses, references, strict=True))
    ]
    return metric.aggregate(json.loads(json.dumps(rows)))


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("lowercase", [False, True])
def test_values_equal_sacrebleu_exactly(count, lowercase):
    references = [r[:count] for r in REFERENCES]
    streams = [list(stream) for stream in zip(*references, strict=True)]
    expected = sacrebleu.BLEU(lowercase=lowercase).corpus_score(HYPOTHESES, streams).score
    assert _value(bleu(lowercase), HYPOTHESES, references) == expected
    expected = sacrebleu.CHRF(lowercase=lowercase).corpus_score(HYPOTHESES, streams).score
    assert _value(chrf(lowercase), HYPOTHESES, references) == expected


def test_a_varying_number_of_references():
    references = [r[: 1 + i % 2] for i, r in enumerate(REFERENCES)]
    streams = [[r[0] for r in references], [r[1] if len(r) > 1 else None for r in references]]
    assert _value(BLEU, HYPOTHESES, references) == sacrebleu.corpus_bleu(HYPOTHESES, streams).score
    assert _value(CHRF, HYPOTHESES, references) == sacrebleu.corpus_chrf(HYPOTHESES, streams).score


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=8))
@example([("", "")])
@example([("", "the cat")])
@example([("the cat", "")])
def test_any_corpus_equals_sacrebleu(texts):
    hypotheses, references = [list(side) for side in zip(*texts, strict=True)]
    single = [[r] for r in references]
    assert _value(BLEU, hypotheses, single) == sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert _value(CHRF, hypotheses, single) == sacrebleu.corpus_chrf(hypotheses, [references]).score


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(5)))
def test_order_does_not_matter(order):
    for metric in (BLEU, CHRF):
        shuffled = _value(metric, [HYPOTHESES[i] for i in order], [REFERENCES[i] for i in order])
        assert shuffled == _value(metric, HYPOTHESES, REFERENCES)


@pytest.mark.parametrize("metric", [BLEU, CHRF, WER, CER, SENTENCE_ACCURACY])
def test_texts_that_look_the_same_are_the_same(metric):
    composed, decomposed = "ein caf\u00e9 na\u00efv ist", "ein cafe\u0301 nai\u0308v ist"
    right = _value(metric, [composed], [[composed]])
    assert _value(metric, [decomposed], [[composed]]) == _value(metric, [composed], [[decomposed]]) == right


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("tokenize", ["13a", "intl", "zh", "char", "none"])
def test_bleu_signature_is_that_of_the_installed_sacrebleu(lowercase, tokenize):
    reference = sacrebleu.BLEU(lowercase=lowercase, tokenize=tokenize)
    reference.corpus_score(["a b"], [["a b"]])
    assert bleu(lowercase, tokenize).signature == str(reference.get_signature())


@pytest.mark.parametrize("count", [1, 2])
def test_chrf_signature_is_that_of_the_installed_sacrebleu(count):
    reference = sacrebleu.CHRF()
    reference.corpus_score(["a b"], [["a b"]] * count)
    assert chrf(nrefs=count).signature == str(reference.get_signature())


def test_an_example_without_reference_is_named():
    for metric in (BLEU, CHRF):
        with pytest.raises(DataError, match=r"'key-3' has no reference"):
            metric.statistics(Prediction("key-3", [], text="a"), Example("key-3", None, []))
