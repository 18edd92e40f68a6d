"""Intervals of a run's test scores, from what the store keeps of each test example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import bootstrap

from harness.contract.metric import Metric, Statistics

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
    if not 10 <= len(rows) <= _MOST_EXAMPLES or not all(m.name in row for row in rows for m in metrics):
        return {}
    found = {}
    for metric in metrics:
        each = [row[metric.name] for row in rows]

        def score(chosen: np.ndarray, of: Metric = metric, each: Sequence[Statistics] = each) -> float:
            return of.aggregate([each[i] for i in chosen])

        between = bootstrap(
            (np.arange(len(rows)),), score, n_resamples=_RESAMPLES, vectorized=False, method="percentile", rng=seed
        ).confidence_interval
        if np.isfinite(between).all():
            found[metric.name] = (float(between.low), float(between.high))
    return found
