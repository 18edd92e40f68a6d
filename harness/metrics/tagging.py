"""Token accuracy, macro F1 of tags, F1 of spans, and the confusion matrix of tags.

`Prediction.output` and `Example.target` are one class a position, (T,). Span F1 compares spans as `conlleval` and
seqeval's default mode read them from BIO tags: a span begins with B-X, and also with an I-X that does not go on from a
span of X; a predicted span is right if a span of the same kind stands at the same positions. It reads the names of the
tags from the texts, `Prediction.text` and the first of `Example.references`, one word a position.

Sources: E. Tjong Kim Sang and F. De Meulder, "Introduction to the CoNLL-2003 shared task", 2003; L. Ramshaw and M.
Marcus, "Text chunking using transformation-based learning", 1995.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import DataError
from harness.metrics.label_counts import macro_f1, pooled_f1
from harness.metrics.ratios import percentage, texts, total


def _both(prediction: Prediction, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and actual tags, int64 (T,) each; -1 where an answer is too short, nothing where it is too long."""
    actual = np.asarray(example.target, np.int64)
    predicted = np.full_like(actual, -1)
    answered = np.asarray(prediction.output, np.int64)[: len(actual)]
    predicted[: len(answered)] = answered
    return predicted, actual


def _right(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = _both(prediction, example)
    return {"right": int((predicted == actual).sum()), "positions": len(actual)}


def _share_right(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "right"), total(rows, "positions"))


def _by_tag(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = _both(prediction, example)
    size = 1 + max(predicted.max(initial=0), actual.max(initial=0))
    kinds = (actual[predicted == actual], actual, predicted[predicted >= 0])
    counts = (np.bincount(tags, minlength=size).tolist() for tags in kinds)
    return dict(zip(("label_hits", "label_actual", "label_predicted"), counts, strict=True))


def _spans_matched(prediction: Prediction, example: Example) -> Statistics:
    answer, references = texts(prediction, example)
    found, wanted = (set(spans(_bio(text.split(), example))) for text in (answer, references[0]))
    return {"matched": len(found & wanted), "actual": len(wanted), "predicted": len(found)}


def _bio(tags: Sequence[str], example: Example) -> Sequence[str]:
    """The tags.

    Raises:
        DataError: one is no BIO tag; its spans would be passed over, and scores be 0 whatever a model has learnt.
    """
    for tag in tags:
        if tag != "O" and not tag.startswith(("B-", "I-")):
            raise DataError(
                f"Example '{example.id}': span_f1 reads BIO tags (B-PER, I-PER, O), and '{tag}' is none. Give the "
                "target their names (TaggingTarget(num_classes, class_names)), or leave the metric out."
            )
    return tags


def spans(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(kind, first position, position after the last) of each span of BIO tags ("B-PER", "I-PER", "O").

    Tags of other forms begin no span.
    """
    kind, start = "", 0
    for position, tag in enumerate([*tags, "O"]):
        prefix, _, this = tag.partition("-")
        inside = prefix == "I" and this == kind and kind != ""
        if kind and not inside:
            yield kind, start, position
            kind = ""
        if prefix in ("B", "I") and this and not inside:
            kind, start = this, position


def tag_confusion(
    predictions: Sequence[Prediction], examples: Sequence[Example], class_names: Sequence[str]
) -> dict[str, Any]:
    """How often each tag was taken for each, over all positions.

    Returns:
        {"labels": the tags, "matrix": counts, row = actual tag, column = predicted tag}.
    """
    size = len(class_names)
    matrix = np.zeros((size, size), dtype=np.int64)
    for prediction, example in zip(predictions, examples, strict=True):
        predicted, actual = _both(prediction, example)
        np.add.at(matrix, (actual[predicted >= 0], predicted[predicted >= 0]), 1)
    return {"labels": list(class_names), "matrix": matrix.tolist()}


TOKEN_ACCURACY = Metric(
    name="token_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_right,
    aggregate=_share_right,
    description="Share of positions whose tag is right.",
    margin=0.5,
)

TAG_MACRO_F1 = Metric(
    name="macro_f1",
    unit="%",
    higher_is_better=True,
    statistics=_by_tag,
    aggregate=macro_f1,
    description="F1 of each tag that occurs or is predicted, averaged over tags without weights.",
    margin=0.5,
)

SPAN_F1 = Metric(
    name="span_f1",
    unit="%",
    higher_is_better=True,
    statistics=_spans_matched,
    aggregate=pooled_f1,
    description="F1 of whole spans of BIO tags: right only with their kind and both ends.",
    signature="conlleval",
    margin=0.5,
)
