"""How much a difference of two corpus scores depends on which test examples were drawn: the jackknife.

Corpus scores (BLEU, word error rate, macro F1) are not means of per-example scores, but functions of summed
statistics. Leaving out one example at a time and computing the score of the rest gives N values; their spread estimates
the variance of the score over test sets of this size: (N - 1) / N Σ (x_i - mean)². The same examples are left out for
all contenders, so their covariance is known and a difference has the variance of paired data.

Examples that are not independent (`Example.block`) are left out together: a table then has one row a block, the sum
over its examples (`by_block`), and everything else stays the same. This is the delete-a-group jackknife.

Sources: Efron 1982, "The Jackknife, the Bootstrap and Other Resampling Plans", chapter 3; of dependent observations in
blocks, Künsch 1989, "The Jackknife and the Bootstrap for General Stationary Observations".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ExampleErrors:
    """Covariance of contenders' scores over test examples.

    Attributes:
        labels: of the contenders, in the order of `covariance`.
        covariance: (K, K), in squared units of the metric.
        examples: how many independent test examples, or blocks of dependent ones, it is estimated from.
        seeds: the largest number of seeds whose examples were averaged.
    """

    labels: tuple[str, ...]
    covariance: np.ndarray
    examples: int
    seeds: int = 1

    def variance(self, one: str, two: str) -> float | None:
        """Of the difference of two scores; None if one of them is unknown."""
        if one not in self.labels or two not in self.labels:
            return None
        i, j = self.labels.index(one), self.labels.index(two)
        c = self.covariance
        return max(float(c[i, i] + c[j, j] - 2 * c[i, j]), 0.0)


def by_block(table: np.ndarray, blocks: Sequence[str]) -> np.ndarray:
    """Statistics (N, S) summed by block, (G, S), in the order in which blocks appear; "" is a block for itself."""
    codes: dict[str, int] = {}
    of = [codes.setdefault(block if block else f"\0{i}", len(codes)) for i, block in enumerate(blocks)]
    summed = np.zeros((len(codes), table.shape[1]))
    np.add.at(summed, of, table)
    return summed


def leave_one_out(table: np.ndarray, score: Score) -> np.ndarray:
    """Scores (N,) of all examples but one.

    Args:
        table: statistics (N, S).
        score: sums (..., S) -> corpus scores (...).
    """
    return score(table.sum(0) - table)


def example_errors(tables: Mapping[str, Sequence[np.ndarray]], score: Score) -> ExampleErrors | None:
    """The covariance of mean scores over seeds; None below two examples or without a contender.

    Args:
        tables: by label, statistics (N, S) of each seed, all of the same examples in the same order.
        score: sums (..., S) -> corpus scores (...).
    """
    number = min((len(t) for of_seeds in tables.values() for t in of_seeds), default=0)
    if number < 2:
        return None
    left = {label: np.mean([leave_one_out(t, score) for t in of_seeds], axis=0) for label, of_seeds in tables.items()}
    left = {label: values for label, values in left.items() if np.isfinite(values).all()}
    if not left:
        return None
    values = np.stack(list(left.values()))  # (K, N)
    centred = values - values.mean(axis=1, keepdims=True)
    covariance = (number - 1) / number * centred @ centred.T
    return ExampleErrors(tuple(left), covariance, number, max(len(tables[label]) for label in left))
