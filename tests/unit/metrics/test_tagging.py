"""Metrics of tags against scikit-learn's, and of spans against an independent reading of BIO tags."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.errors import DataError
from harness.metrics.tagging import SPAN_F1, TAG_MACRO_F1, TOKEN_ACCURACY, spans, tag_confusion
from harness.report.statistics import corpus

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
METRICS = (TOKEN_ACCURACY, TAG_MACRO_F1, SPAN_F1)
pairs_of_tags = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12), min_size=1, max_size=6
)


def data(sentences: list[list[tuple[int, int]]]) -> tuple[list[Prediction], list[Example]]:
    """Predictions and examples of (predicted, actual) tags."""
    predictions, examples = [], []
    for i, sentence in enumerate(sentences):
        predicted, actual = (list(tags) for tags in zip(*sentence, strict=True))
        texts = [" ".join(TAGS[t] for t in tags) for tags in (predicted, actual)]
        predictions.append(Prediction(f"s{i}", predicted, texts[0]))
        examples.append(Example(f"s{i}", None, np.array(actual), references=(texts[1],)))
    return predictions, examples


def values(sentences: list[list[tuple[int, int]]]) -> tuple[dict[str, float], list[dict[str, Any]]]:
    predictions, examples = data(sentences)
    rows = [{m.name: m.statistics(p, e) for m in METRICS} for p, e in zip(predictions, examples, strict=True)]
    return aggregate(METRICS, rows), rows


def conlleval(tags: list[str]) -> set[tuple[int, int, str]]:
    """Spans by conlleval's two questions of every pair of neighbours: does one end here, does one begin here?"""
    found, start = set(), 0
    edged = ["O", *tags, "O"]
    for i, (before, now) in enumerate(itertools.pairwise(edged)):
        (p, _, kind_before), (q, _, kind_now) = before.partition("-"), now.partition("-")
        ends = p in "BI" and (q in "BO" or kind_before != kind_now)
        begins = q == "B" or (q == "I" and (p == "O" or kind_before != kind_now))
        if ends:
            found.add((start, i, kind_before))
        if begins:
            start = i
    return found


@given(pairs_of_tags)
def test_token_metrics_are_scikit_learns(sentences: list[list[tuple[int, int]]]) -> None:
    predicted, actual = zip(*itertools.chain(*sentences), strict=True)
    found, _ = values(sentences)
    assert found["token_accuracy"] == pytest.approx(100 * accuracy_score(actual, predicted))
    assert found["macro_f1"] == pytest.approx(100 * f1_score(actual, predicted, average="macro", zero_division=0))
    chart = tag_confusion(*data(sentences), TAGS)
    assert chart["matrix"] == confusion_matrix(actual, predicted, labels=range(5)).tolist()


@given(pairs_of_tags)
def test_span_f1_is_that_of_an_independent_reading(sentences: list[list[tuple[int, int]]]) -> None:
    hits = there = answered = 0
    for sentence in sentences:
        one, two = (conlleval([TAGS[t] for t in tags]) for tags in zip(*sentence, strict=True))
        hits, there, answered = hits + len(one & two), there + len(two), answered + len(one)
    found, _ = values(sentences)
    expected = 200 * hits / (there + answered) if there + answered else float("nan")
    assert found["span_f1"] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER I-PER O B-LOC", [("PER", 0, 2), ("LOC", 3, 4)]),
        ("I-PER I-PER B-PER", [("PER", 0, 2), ("PER", 2, 3)]),
        ("B-PER I-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),
        ("noun verb O", []),
    ],
)
def test_spans_of_tags(tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert list(spans(tags.split())) == expected


@given(pairs_of_tags)
def test_a_report_computes_the_same_from_stored_rows(sentences: list[list[tuple[int, int]]]) -> None:
    found, rows = values(sentences)
    for name, value in found.items():
        mine = [row[name] for row in rows]
        formula = corpus.formula_of(mine)
        assert formula is not None
        tables, refused = corpus.tabulate(formula, {"a": mine})
        assert not refused
        assert float(formula.score(tables["a"].sum(0))) == pytest.approx(value, nan_ok=True)


def test_what_an_answer_leaves_out_is_wrong_and_what_it_adds_is_nothing() -> None:
    example = Example("a", None, np.array([1, 2, 2]))
    short, long = Prediction("a", [1, 0]), Prediction("a", [1, 2, 2, 4])
    assert TOKEN_ACCURACY.statistics(short, example) == {"right": 1, "positions": 3}
    assert TOKEN_ACCURACY.statistics(long, example) == {"right": 3, "positions": 3}
    assert TAG_MACRO_F1.statistics(short, example) == {
        "label_hits": [0, 1, 0],
        "label_actual": [0, 1, 2],
        "label_predicted": [1, 1, 0],
    }
    assert tag_confusion([short], [example], TAGS[:3])["matrix"] == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(("answer", "right"), [("B-PER O", "2 5"), ("2 5", "B-PER O"), ("S-PER O", "B-PER O")])
def test_tags_of_another_kind_have_no_span_f1_instead_of_none_right(answer: str, right: str) -> None:
    with pytest.raises(DataError, match=r"span_f1 reads BIO tags .* is none. Give the target their names"):
        SPAN_F1.statistics(Prediction("a", [0, 1], answer), Example("a", None, np.array([0, 1]), (right,)))
