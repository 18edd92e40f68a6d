"""Baselines that do not look at the string: a random answer, and the most frequent one of training."""

from __future__ import annotations

import numpy as np

from harness.contract.metric import Prediction
from harness.contract.task import Baseline, TaskData
from harness.targets import MaskedTaggingTarget


def _classes(data: TaskData) -> int:
    assert isinstance(data.target_spec, MaskedTaggingTarget)
    return data.target_spec.num_classes


def _answered(data: TaskData, index: int, answers: np.ndarray) -> Prediction:
    output = answers.tolist()
    return Prediction(data.test[index].id, output, data.target_spec.text(output, data.decode))


def guess(data: TaskData, seed: int) -> list[Prediction]:
    """A random answer at every position."""
    generator = np.random.default_rng(seed)
    classes = _classes(data)
    lengths = data.test.target_lengths.tolist()
    return [_answered(data, i, generator.integers(0, classes, n)) for i, n in enumerate(lengths)]


def most_frequent(data: TaskData, seed: int) -> list[Prediction]:
    """The answer that training has most often, at every position; `seed` changes nothing."""
    classes = _classes(data)
    counts = np.zeros(classes, dtype=np.int64)
    for i in range(min(len(data.train), 2000)):
        target = np.asarray(data.train[i].target)
        counts += np.bincount(target[target >= 0], minlength=classes)
    best = int(counts.argmax())
    return [_answered(data, i, np.full(n, best)) for i, n in enumerate(data.test.target_lengths.tolist())]


CHANCE = Baseline("chance", "Answers at random, each answer with equal probability.", guess)
MAJORITY = Baseline("majority", "Always gives the most frequent answer of (2,000 strings of) training.", most_frequent)
