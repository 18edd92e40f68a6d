"""Micro and macro F1, subset accuracy and Hamming loss, for targets of several labels an example.

`Prediction.output` and `Example.target` are 0 or 1 for each label, (K,).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import PluginError
from harness.metrics.label_counts import macro_f1, pooled_f1
from harness.metrics.ratios import percentage, total


def _both(prediction: Prediction, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and actual labels, int64 (K,) each."""
    predicted, actual = np.asarray(prediction.output, np.int64), np.asarray(example.target, np.int64)
    if predicted.shape != actual.shape:  # would broadcast, silently
        raise PluginError(
            f"Example '{example.id}': the prediction has shape {predicted.shape} and the target {actual.shape}; "
            "both must be 0 or 1 for each label, (K,)."
        )
    return predicted, actual


def _pooled(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = _both(prediction, example)
    return {
        "matched": int((predicted * actual).sum()),
        "actual": int(actual.sum()),
        "predicted": int(predicted.sum()),
    }


def _by_label(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = _both(prediction, example)
    return {
        "label_hits": (predicted * actual).tolist(),
        "label_actual": actual.tolist(),
        "label_predicted": predicted.tolist(),
    }


def _exact(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = _both(prediction, example)
    return {"correct": int((predicted == actual).all())}


def _wrong(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = _both(prediction, example)
    return {"wrong": int((predicted != actual).sum()), "positions": len(actual)}


def _share_correct(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "correct"), len(rows))


def _share_wrong(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "wrong"), total(rows, "positions"))


MICRO_F1 = Metric(
    name="micro_f1",
    unit="%",
    higher_is_better=True,
    statistics=_pooled,
    aggregate=pooled_f1,
    description="F1 of all decisions on labels together: frequent labels weigh most.",
    margin=0.5,
)

LABEL_MACRO_F1 = Metric(
    name="macro_f1",
    unit="%",
    higher_is_better=True,
    statistics=_by_label,
    aggregate=macro_f1,
    description="F1 of each label that occurs or is predicted, averaged over labels without weights.",
    margin=0.5,
)

SUBSET_ACCURACY = Metric(
    name="subset_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_exact,
    aggregate=_share_correct,
    description="Share of examples of which every label is right.",
    margin=0.5,
)

HAMMING_LOSS = Metric(
    name="hamming_loss",
    unit="%",
    higher_is_better=False,
    statistics=_wrong,
    aggregate=_share_wrong,
    description="Share of wrong decisions on labels.",
    margin=0.5,
)
