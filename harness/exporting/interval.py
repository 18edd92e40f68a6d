"""Intervals of a run's test scores, from what the store keeps of each test example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.contract.metric import Metric, Statistics, aggregate

_RESAMPLES = 200
_MOST_EXAMPLES = 5000  # a resample of more takes longer than the export


def score_intervals(
    metrics: Sequence[Metric], rows: Sequence[Mapping[str, Statistics]], seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of each metric by its name: the bootstrap over test examples (Efron 1979).

    They say how far the score depends on which examples the test split happens to have, not on the seed of training.

    Args:
        metrics: of the task.
        rows: statistics of every test example; examples must be independent.
        seed: of the resampling.

    Returns:
        Empty where there are fewer than 10 examples, more than 5,000, or some without statistics.
    """
    names = [metric.name for metric in metrics]
    if not 10 <= len(rows) <= _MOST_EXAMPLES or not all(name in row for row in rows for name in names):
        return {}
    random = np.random.default_rng(seed)
    drawn = [
        aggregate(metrics, [rows[i] for i in random.integers(len(rows), size=len(rows)).tolist()])
        for _ in range(_RESAMPLES)
    ]
    found = {}
    for name in names:
        low, high = np.percentile([values[name] for values in drawn], [2.5, 97.5]).tolist()
        if np.isfinite([low, high]).all():
            found[name] = (low, high)
    return found
