"""Accuracy at the asked positions of strings, at the lengths of training and beyond them.

`Prediction.output` is one class a position, `Example.target` one class or -1 (nothing asked) a position, (T,). What an
example counts for stands in `Example.units`:

    within  1: a test example of the lengths of training, which only `accuracy_in_range` looks at
    beyond  1: a test example of the lengths of the test, which `accuracy_in_range` leaves out
    length  of the string, or of the problem that it poses, for scores by length
    chance  the share of answers that guessing gets right

Validation examples have neither of the first two, so all metrics cover them. Scaled accuracy is (accuracy - chance) /
(1 - chance), 0 for guessing, as in Beck et al. 2024 (xLSTM, arXiv 2405.04517) and in Grazzi et al. 2024 (arXiv
2411.12537).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.metrics.ratios import percentage, total
from harness.metrics.undertrained import TRAINED

WITHIN, BEYOND, LENGTH, CHANCE = "within", "beyond", "length", "chance"
"""Keys of `Example.units`."""


def right_answers(prediction: Prediction, example: Example) -> np.ndarray:
    """Which asked positions are answered rightly, bool (asked,); a missing answer is wrong."""
    wanted = np.asarray(example.target, np.int64)
    answered = np.asarray(prediction.output, np.int64)[: len(wanted)]
    found = np.full_like(wanted, -1)
    found[: len(answered)] = answered
    asked = wanted >= 0
    right: np.ndarray = found[asked] == wanted[asked]
    return right


def _counts(prediction: Prediction, example: Example, left_out: str) -> Statistics:
    length = int(example.units.get(LENGTH, len(example.target)))
    if example.units.get(left_out):
        return {"right": 0, "positions": 0, "length": length}
    right = right_answers(prediction, example)
    return {"right": int(right.sum()), "positions": len(right), "length": length}


def _beyond(prediction: Prediction, example: Example) -> Statistics:
    return _counts(prediction, example, WITHIN)


def _within(prediction: Prediction, example: Example) -> Statistics:
    return _counts(prediction, example, BEYOND)


def _scaled(prediction: Prediction, example: Example) -> Statistics:
    if example.units.get(WITHIN):
        return {"right": 0, "positions": 0, "chance": 0.0}
    right = right_answers(prediction, example)
    guessed = len(right) * float(example.units.get(CHANCE, 0.0))
    return {"right": int(right.sum()), "positions": len(right), "chance": guessed}


def _whole(prediction: Prediction, example: Example) -> Statistics:
    if example.units.get(WITHIN):
        return {"correct": 0, "counted": 0}
    return {"correct": int(right_answers(prediction, example).all()), "counted": 1}


def _share_right(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "right"), total(rows, "positions"))


def _above_chance(rows: Sequence[Statistics]) -> float:
    chance = total(rows, "chance")
    return percentage(total(rows, "right") - chance, total(rows, "positions") - chance)


def _share_whole(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "correct"), total(rows, "counted"))


ACCURACY = Metric(
    name="accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_beyond,
    aggregate=_share_right,
    description="Share of right answers over the test lengths.",
    margin=0.5,
)

ACCURACY_IN_RANGE = Metric(
    name="accuracy_in_range",
    unit="%",
    higher_is_better=True,
    statistics=_within,
    aggregate=_share_right,
    description="Share of right answers on unseen strings of the training lengths; a model below "
    f"{TRAINED:g} % is undertrained, and its score at other lengths says nothing of what it could learn.",
    margin=0.5,
)

SCALED_ACCURACY = Metric(
    name="scaled_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_scaled,
    aggregate=_above_chance,
    description="(accuracy - chance) / (1 - chance) over the test lengths: 0 for guessing, 100 for a perfect model.",
)

SEQUENCE_ACCURACY = Metric(
    name="sequence_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_whole,
    aggregate=_share_whole,
    description="Share of strings of the test lengths of which every answer is right.",
)
