"""Shared helpers of the metrics: sums that do not depend on order, and the texts that are compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.contract.text import normal_form
from harness.errors import DataError

if TYPE_CHECKING:
    from harness.contract.batch import Example
    from harness.contract.metric import Prediction, Statistics


def total(rows: Sequence[Statistics], key: str) -> float:
    """Sum of one statistic over all rows, rounded once and so the same in every order.

    NaN if a row has None, which means that the statistic is undefined for this predictor.
    """
    values = [row[key] for row in rows]
    return math.nan if any(value is None for value in values) else math.fsum(values)


def sum_lists(rows: Sequence[Statistics], key: str) -> list[int]:
    """Element-wise sum of a list-valued statistic of whole numbers."""
    return [sum(column) for column in zip(*(row[key] for row in rows), strict=True)]


def percentage(part: float, whole: float) -> float:
    """100 x part / whole; NaN if the whole is zero."""
    return 100.0 * part / whole if whole else math.nan


def texts(prediction: Prediction, example: Example) -> tuple[str, tuple[str, ...]]:
    """The answer and the reference texts of an example, in one normal form (Unicode NFC), as metrics compare them.

    Raises:
        DataError: the example has no reference; the message names it.
    """
    if not example.references:
        raise DataError(
            f"Example '{example.id}' has no reference text, which this metric needs; "
            "the task must fill Example.references."
        )
    return normal_form(prediction.text), tuple(map(normal_form, example.references))
