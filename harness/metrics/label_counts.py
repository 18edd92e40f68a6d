"""F1 from counts of labels: shared by the metrics of several labels an example and of tags.

A row of macro F1 keeps three lists with a number for each label: `label_hits` (right), `label_actual` (there) and
`label_predicted`. Lists may be shorter than the number of labels; what is missing counts 0. A row of micro or span F1
keeps the totals `matched`, `actual` and `predicted`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest

from harness.contract.metric import Statistics
from harness.metrics.ratios import percentage, total

COUNTS = ("label_hits", "label_actual", "label_predicted")
"""The names in a row of macro F1."""


def macro_f1(rows: Sequence[Statistics]) -> float:
    """F1 of each label that occurs or is predicted, in per cent, averaged without weights; NaN for no label."""
    hits, actual, predicted = ([sum(c) for c in zip_longest(*(r[n] for r in rows), fillvalue=0)] for n in COUNTS)
    # 2 TP / (2 TP + FP + FN), and 2 TP + FP + FN = actual + predicted > 0 for every label that occurs.
    scores = [2 * h / (a + p) for h, a, p in zip(hits, actual, predicted, strict=True) if a + p]
    return percentage(math.fsum(scores), len(scores))


def pooled_f1(rows: Sequence[Statistics]) -> float:
    """2 matched / (actual + predicted) over all examples, in per cent; NaN where nothing is there or predicted."""
    return percentage(2 * total(rows, "matched"), total(rows, "actual") + total(rows, "predicted"))
