"""Corpus scores from sums of per-example statistics, many sums at once, for resampling of test examples.

The statistics are those metrics keep in the store (`PredictionRow.statistics`). A formula is chosen by the names of the
statistics, never by the metric's name, and its value over all examples is first compared with the stored value of the
run (`matches`); a plug-in's metric with other statistics has no formula here. Statistics that only break a sum down by
step (`harness.metrics.forecasting`), or say how long an example is, are ignored in the choice.

BLEU is the geometric mean of n-gram precisions by the brevity penalty with mteval's exponential smoothing (Papineni
et al. 2002; Post 2018), chrF2 the F-score of mean precision and mean recall (Popović 2015); both as in sacreBLEU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Statistics = Mapping[str, Any]
_CLOSE = 1e-6
_MOST_CLASSES = 1000
_DETAIL = frozenset({"steps", "by_step"})
_LENGTH = frozenset({"length"})  # of the example (`harness.metrics.masked_tagging`)


@dataclass(frozen=True)
class Formula:
    """How rows of statistics are turned into a score.

    Attributes:
        columns: rows and the number of classes -> (N, S), the values summed over examples.
        score: sums (..., S) -> (...), the corpus score.
    """

    columns: Callable[[Sequence[Statistics], int], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray]


def formula_of(rows: Sequence[Statistics]) -> Formula | None:
    """The formula for such statistics, or None."""
    names = frozenset(rows[0]) - _LENGTH if rows and isinstance(rows[0], Mapping) else frozenset()
    return _FORMULAS.get(names - _DETAIL if names >= _DETAIL else names)


def tabulate(
    formula: Formula, runs: Mapping[str, Sequence[Statistics]]
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Statistics of several runs by label, (N, S) each with equal S, and the reasons for those left out."""
    tables: dict[str, np.ndarray] = {}
    refused: dict[str, str] = {}
    classes = max((_classes_of(rows) for rows in runs.values()), default=0)
    width: int | None = None
    for label, rows in runs.items():
        try:
            if formula_of(rows[:1]) is not formula or classes > _MOST_CLASSES:
                raise ValueError(f"statistics of another kind, or of more than {_MOST_CLASSES} classes")
            table = np.asarray(formula.columns(rows, classes), dtype=float)
            if width not in (None, table.shape[1]):
                raise ValueError("statistics of another size")
        except (KeyError, TypeError, ValueError, OverflowError, IndexError):
            refused[label] = "its statistics are not like the others"
            continue
        if not np.isfinite(table).all():
            refused[label] = "a statistic of it is undefined or not finite"
            continue
        width = table.shape[1]
        tables[label] = table
    return tables, refused


def _classes_of(rows: Sequence[Statistics]) -> int:
    """One more than the largest class number; 0 if the statistics are not classes."""
    if formula_of(rows[:1]) is _LABELS:
        return max((len(r["label_actual"]) for r in rows if isinstance(r, Mapping)), default=0)
    if formula_of(rows[:1]) is not _F1:
        return 0
    numbers = (r.get(n) for r in rows if isinstance(r, Mapping) for n in ("actual", "predicted"))
    return 1 + max((n for n in numbers if isinstance(n, int)), default=0)


def matches(formula: Formula, table: np.ndarray, stored: float | None) -> bool:
    """Whether the score of all examples is the stored one, to a relative 1e-6."""
    value = float(formula.score(table.sum(0)))
    return stored is not None and math.isclose(value, stored, rel_tol=_CLOSE, abs_tol=1e-9)


def _numbers(*names: str) -> Callable[[Sequence[Statistics], int], np.ndarray]:
    """Statistics side by side, lists as several columns, and a column of ones: the number of examples."""

    def columns(rows: Sequence[Statistics], _: int) -> np.ndarray:
        parts = [np.array([r[n] for r in rows], dtype=float).reshape(len(rows), -1) for n in names]
        return np.hstack([*parts, np.ones((len(rows), 1))])

    return columns


def _ratio(factor: float = 1.0, least: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    """factor x first / second, the second at least `least`."""
    return lambda sums: factor * _divide(sums[..., 0], np.maximum(sums[..., 1], least))


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN if the divisor is zero."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _perplexity(sums: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.exp(_divide(sums[..., 0], sums[..., 1]))


def _bleu(sums: np.ndarray) -> np.ndarray:
    hypothesis, reference = sums[..., 0], sums[..., 1]
    orders = (sums.shape[-1] - 3) // 2
    correct, total = sums[..., 2 : 2 + orders], sums[..., 2 + orders : 2 + 2 * orders]
    # Each order without a match halves the value given to the next such order: 1 / (2^k x total).
    halvings = np.cumsum(correct == 0, axis=-1)
    shown = np.where(correct > 0, correct, 0.5**halvings) / np.where(total > 0, total, 1.0)
    # No n-gram of an order at all: its precision is 0, which sacreBLEU's logarithm turns into e^-9999999999.
    score = np.where((total > 0).all(-1), np.exp(np.log(shown).mean(-1)), 0.0)
    penalty = np.exp(np.minimum(0.0, 1 - reference / np.where(hypothesis > 0, hypothesis, 1.0)))
    return np.where((correct > 0).any(-1) & (hypothesis > 0), 100.0 * penalty * score, 0.0)


def _chrf(sums: np.ndarray) -> np.ndarray:
    counts = sums[..., :-1].reshape(*sums.shape[:-1], -1, 3)  # (..., orders, [hypothesis, reference, match])
    hypothesis, reference, match = counts[..., 0], counts[..., 1], counts[..., 2]
    used = (hypothesis > 0) & (reference > 0)
    orders = np.maximum(used.sum(-1), 1)
    precision = np.where(used, match / np.where(used, hypothesis, 1.0), 0.0).sum(-1) / orders
    recall = np.where(used, match / np.where(used, reference, 1.0), 0.0).sum(-1) / orders
    whole = 4.0 * precision + recall  # beta = 2
    return np.where(whole > 0, 500.0 * precision * recall / np.where(whole > 0, whole, 1.0), 0.0)


def _classes(rows: Sequence[Statistics], classes: int) -> np.ndarray:
    """(N, 3 K): hits, actual and predicted as one-hot rows."""
    actual, predicted = (np.array([int(r[n]) for r in rows]) for n in ("actual", "predicted"))
    one_hot = np.eye(classes)
    hits = one_hot[actual] * (actual == predicted)[:, None]
    return np.hstack([hits, one_hot[actual], one_hot[predicted]])


def _macro_f1(sums: np.ndarray) -> np.ndarray:
    hits, actual, predicted = np.split(sums, 3, axis=-1)
    seen = actual + predicted
    return 100.0 * np.where(seen > 0, 2 * hits / np.where(seen > 0, seen, 1.0), 0.0).sum(-1) / (seen > 0).sum(-1)


def _labels(rows: Sequence[Statistics], classes: int) -> np.ndarray:
    """(N, 3 K): hits, actual and predicted of each label; shorter lists are filled up with zeros."""
    table = np.zeros((len(rows), 3, classes))
    for i, row in enumerate(rows):
        for j, name in enumerate(("label_hits", "label_actual", "label_predicted")):
            table[i, j, : len(row[name])] = row[name]
    return table.reshape(len(rows), -1)


def _pooled_f1(sums: np.ndarray) -> np.ndarray:
    return 100.0 * _divide(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def _r_squared(sums: np.ndarray) -> np.ndarray:
    residual, value, square = np.split(sums[..., :-1], 3, axis=-1)
    spread = square - value**2 / np.maximum(sums[..., -1:], 1)
    return (1 - _divide(residual, spread)).mean(-1)


_LABELS = Formula(_labels, _macro_f1)
_F1 = Formula(_classes, _macro_f1)
_FORMULAS = {
    frozenset({"correct"}): Formula(_numbers("correct"), _ratio(100.0)),
    frozenset({"rouge_l", "count"}): Formula(_numbers("rouge_l", "count"), _ratio(100.0)),
    frozenset({"correct", "counted"}): Formula(_numbers("correct", "counted"), _ratio(100.0)),
    frozenset({"edits", "reference_length"}): Formula(_numbers("edits", "reference_length"), _ratio(100.0, 1.0)),
    frozenset({"squared_error", "count"}): Formula(_numbers("squared_error", "count"), _ratio()),
    frozenset({"absolute_error", "count"}): Formula(_numbers("absolute_error", "count"), _ratio()),
    frozenset({"nats", "characters"}): Formula(_numbers("nats", "characters"), _ratio(1 / math.log(2))),
    frozenset({"nats", "count"}): Formula(_numbers("nats", "count"), _perplexity),
    frozenset({"hypothesis_length", "reference_length", "matches", "totals"}): Formula(
        _numbers("hypothesis_length", "reference_length", "matches", "totals"), _bleu
    ),
    frozenset({"counts"}): Formula(_numbers("counts"), _chrf),
    frozenset({"predicted", "actual"}): _F1,
    frozenset({"label_hits", "label_actual", "label_predicted"}): _LABELS,
    frozenset({"matched", "actual", "predicted"}): Formula(_numbers("matched", "actual", "predicted"), _pooled_f1),
    frozenset({"right", "positions"}): Formula(_numbers("right", "positions"), _ratio(100.0)),
    frozenset({"wrong", "positions"}): Formula(_numbers("wrong", "positions"), _ratio(100.0)),
    frozenset({"residual", "value", "square"}): Formula(_numbers("residual", "value", "square"), _r_squared),
}
