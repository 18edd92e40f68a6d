"""Classifiers without a network: the most frequent class, and the nearest training series in two senses."""

from __future__ import annotations

from collections import Counter

import numpy as np

from harness.contract.batch import Split
from harness.contract.metric import Prediction
from harness.contract.task import TaskData

_LONGEST = 32  # steps; longer series are averaged to so many before they are warped
_MOST_TRAIN = 500  # training series that are warped against, the first of each class in turn
_PAIRS = 200_000  # at once


def most_frequent(data: TaskData, seed: int) -> list[Prediction]:
    """The most frequent class of training, always; of equally frequent ones the first."""
    counts = Counter(int(data.train[i].target) for i in range(len(data.train)))
    best = min(counts, key=lambda label: (-counts[label], label))
    return [Prediction(data.test[i].id, best) for i in range(len(data.test))]


def nearest_statistics(data: TaskData, seed: int) -> list[Prediction]:
    """The class of the training series with the nearest means and deviations of all variables."""
    train, labels, _ = _loaded(data.train)
    test, _, ids = _loaded(data.test)
    known, asked = (np.stack([np.concatenate([s.mean(0), s.std(0)]) for s in part]) for part in (train, test))
    scale = known.std(0) + 1e-9
    nearest = [int(np.argmin((((known - one) / scale) ** 2).sum(1))) for one in asked]
    return [Prediction(i, int(labels[k])) for i, k in zip(ids, nearest, strict=True)]


def nearest_warped(data: TaskData, seed: int) -> list[Prediction]:
    """The class of the nearest training series by dynamic time warping, all variables together (Sakoe, Chiba 1978)."""
    train, labels, _ = _loaded(data.train)
    test, _, ids = _loaded(data.test)
    chosen = _in_turn(labels)[:_MOST_TRAIN]
    known = [_shortened(train[k]) for k in chosen]
    at_once = max(1, _PAIRS // len(known))
    nearest: list[int] = []
    for start in range(0, len(test), at_once):
        distances = warping_distances([_shortened(one) for one in test[start : start + at_once]], known)
        nearest += [int(chosen[k]) for k in distances.argmin(axis=1)]
    return [Prediction(i, int(labels[k])) for i, k in zip(ids, nearest, strict=True)]


def warping_distances(one: list[np.ndarray], two: list[np.ndarray]) -> np.ndarray:
    """Squared dynamic-time-warping distances (N, M) of series (T, F) of any lengths, without a window.

    D(i, j) = |x_i - y_j|² + min(D(i-1, j), D(i, j-1), D(i-1, j-1)), for all pairs side by side.
    """
    ends, other_ends = (np.array([len(s) for s in part]) for part in (one, two))
    x, y = _padded(one), _padded(two)  # (N, T, F), (M, T', F)
    squares, other_squares = (x**2).sum(-1), (y**2).sum(-1)
    found = np.zeros((len(one), len(two)))
    infinite = np.full_like(found, np.inf)
    before = [infinite] * y.shape[1]
    for i in range(x.shape[1]):
        row: list[np.ndarray] = []
        for j in range(y.shape[1]):
            cost = squares[:, i, None] + other_squares[None, :, j] - 2 * x[:, i] @ y[:, j].T
            if i == j == 0:
                row.append(cost)
                continue
            left = row[j - 1] if j else infinite
            diagonal = before[j - 1] if j else infinite
            row.append(cost + np.minimum(np.minimum(before[j], left), diagonal))
        before = row
        ended = np.flatnonzero(ends == i + 1)
        if len(ended):
            for j in range(y.shape[1]):
                there = np.flatnonzero(other_ends == j + 1)
                found[np.ix_(ended, there)] = row[j][np.ix_(ended, there)]
    return np.maximum(found, 0.0)


def _padded(series: list[np.ndarray]) -> np.ndarray:
    made = np.zeros((len(series), max(map(len, series)), series[0].shape[1]))
    for row, values in zip(made, series, strict=True):
        row[: len(values)] = values
    return made


def _shortened(values: np.ndarray) -> np.ndarray:
    if len(values) <= _LONGEST:
        return values
    return np.stack([part.mean(0) for part in np.array_split(values, _LONGEST)])


def _in_turn(labels: np.ndarray) -> np.ndarray:
    """Positions: the first of each class, then the second of each."""
    seen: Counter[int] = Counter()
    rank = []
    for label in labels.tolist():
        rank.append(seen[label])
        seen[label] += 1
    return np.argsort(rank, kind="stable")


def _loaded(split: Split) -> tuple[list[np.ndarray], np.ndarray, list[str]]:
    examples = [split[i] for i in range(len(split))]
    values = [np.asarray(e.input, dtype=np.float64) for e in examples]
    return values, np.array([int(e.target) for e in examples]), [e.id for e in examples]
