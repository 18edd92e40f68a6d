"""Accuracy, top-5 accuracy, macro F1, calibration error and the confusion matrix, for `ClassTarget`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import PluginError
from harness.metrics.ratios import percentage, total


def _correct(prediction: Prediction, example: Example) -> Statistics:
    return {"correct": int(int(prediction.output) == int(example.target))}


def _top_5(prediction: Prediction, example: Example) -> Statistics:
    actual, scores = int(example.target), prediction.scores
    if not scores:  # a predictor that only gives a class has a single candidate
        return _correct(prediction, example)
    if not 0 <= actual < len(scores):
        raise PluginError(
            f"Example '{example.id}' is of class {actual}, but its prediction scores {len(scores)} classes "
            f"(0 to {len(scores) - 1}); num_classes of the task's ClassTarget must cover every target."
        )
    own = scores[actual]
    # Ties go to the lower class number, as in a stable sort; NaN never counts as a hit.
    ahead = sum(score > own or (score == own and k < actual) for k, score in enumerate(scores))
    return {"correct": int(ahead < 5 and not math.isnan(own))}


def _share_correct(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "correct"), len(rows))


def _classes(prediction: Prediction, example: Example) -> Statistics:
    return {"predicted": int(prediction.output), "actual": int(example.target)}


def _macro_f1(rows: Sequence[Statistics]) -> float:
    hits = Counter(row["actual"] for row in rows if row["actual"] == row["predicted"])
    actual = Counter(row["actual"] for row in rows)
    predicted = Counter(row["predicted"] for row in rows)
    classes = actual.keys() | predicted.keys()
    # 2 TP / (2 TP + FP + FN), and 2 TP + FP + FN = actual + predicted > 0 for every class that occurs.
    scores = [2 * hits[k] / (actual[k] + predicted[k]) for k in classes]
    return percentage(math.fsum(scores), len(classes))


CALIBRATION_BINS = 15
"""Bins of equal width that `CALIBRATION_ERROR` divides confidence into, as Guo et al. 2017 do."""


def _confidence(prediction: Prediction, example: Example) -> Statistics:
    """The bin of the predicted class's probability, that probability, and whether the class is right.

    A predictor that gives no probabilities claims to be certain.
    """
    correct = _correct(prediction, example)
    if any(map(math.isnan, prediction.scores)):
        return {"bin": None, "confidence": None, **correct}
    sure = min(math.exp(max(prediction.scores)), 1.0) if prediction.scores else 1.0
    return {"bin": max(math.ceil(sure * CALIBRATION_BINS) - 1, 0), "confidence": sure, **correct}


def _calibration_error(rows: Sequence[Statistics]) -> float:
    if any(row["confidence"] is None for row in rows):
        return math.nan
    gaps: dict[int, list[float]] = {}
    for row in rows:
        gaps.setdefault(row["bin"], []).append(row["correct"] - row["confidence"])
    # |B| / n x |acc(B) - conf(B)| is |sum of the bin's gaps| / n.
    return percentage(math.fsum(abs(math.fsum(gap)) for gap in gaps.values()), len(rows))


ACCURACY = Metric(
    name="accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_correct,
    aggregate=_share_correct,
    description="Share of examples whose most likely class is the right one.",
    margin=0.5,
)

TOP_5_ACCURACY = Metric(
    name="top_5_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_top_5,
    aggregate=_share_correct,
    description="Share of examples whose right class is among the five most likely ones.",
    margin=0.5,
)

MACRO_F1 = Metric(
    name="macro_f1",
    unit="%",
    higher_is_better=True,
    statistics=_classes,
    aggregate=_macro_f1,
    description="F1 of each class that occurs or is predicted, averaged over classes without weights.",
    margin=0.5,
)

CALIBRATION_ERROR = Metric(
    name="calibration_error",
    unit="%",
    higher_is_better=False,
    statistics=_confidence,
    aggregate=_calibration_error,
    description="Expected calibration error (Guo et al. 2017, eq. 3): distance of the answer's probability from "
    "the share of answers that are right, averaged over bins of that probability.",
    signature=f"bins:{CALIBRATION_BINS}|norm:l1",
    margin=1.0,
)


def confusion_matrix(
    predictions: Sequence[Prediction], examples: Sequence[Example], class_names: Sequence[str]
) -> dict[str, Any]:
    """Counts of actual and predicted classes.

    Returns:
        {"labels": the class names, "matrix": counts, row = actual class, column = predicted class}.

    Raises:
        ValueError: a class number has no name, or the two sequences differ in length.
    """
    size = len(class_names)
    matrix = [[0] * size for _ in range(size)]
    for prediction, example in zip(predictions, examples, strict=True):
        actual, predicted = int(example.target), int(prediction.output)
        if not (0 <= actual < size and 0 <= predicted < size):
            raise ValueError(
                f"Example '{example.id}' is of class {actual} and predicted as {predicted}, "
                f"but class_names has {size} names (classes 0 to {size - 1})."
            )
        matrix[actual][predicted] += 1
    return {"labels": list(class_names), "matrix": matrix}
