"""Baselines of video captioning: the most frequent caption, and that of the nearest training clip."""

from __future__ import annotations

from collections import Counter

import numpy as np

from harness.contract.batch import Example, Split, without_input
from harness.contract.metric import Prediction
from harness.contract.task import TaskData


def predict_most_frequent(data: TaskData, seed: int) -> list[Prediction]:
    """The caption that most training examples have; the first in the alphabet of several."""
    train = [_described(data.train, i) for i in range(len(data.train))]
    counts = Counter(one.references[0] for one in train)
    best = min(counts, key=lambda caption: (-counts[caption], caption))
    right = next(one for one in train if one.references[0] == best)
    return [_answer(_described(data.test, i).id, right) for i in range(len(data.test))]


def predict_nearest(data: TaskData, seed: int) -> list[Prediction]:
    """The caption of the training clip whose mean and deviation over time are nearest, pixel by pixel."""
    train, test = _features(data.train), _features(data.test)
    distances = (train**2).sum(axis=1) - 2 * test @ train.T  # (tests, N), but for what a test clip adds to all
    nearest = distances.argmin(axis=1).tolist()
    return [_answer(_described(data.test, i).id, _described(data.train, near)) for i, near in enumerate(nearest)]


def _features(split: Split) -> np.ndarray:
    """Mean and deviation over time, float32 (N, 2 x C x Y x X)."""
    rows = []
    for index in range(len(split)):
        clip = split[index].input
        assert clip is not None
        flat = clip.reshape(len(clip), -1)
        rows.append(np.concatenate([flat.mean(axis=0), flat.std(axis=0)]))
    return np.stack(rows).astype(np.float32)


def _described(split: Split, index: int) -> Example:
    return without_input(split, index) or split[index]


def _answer(name: str, right: Example) -> Prediction:
    return Prediction(name, [int(i) for i in right.target[:-1]], right.references[0])
