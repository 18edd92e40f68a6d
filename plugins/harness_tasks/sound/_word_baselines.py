"""Baselines of spoken commands: the most frequent class, and classifiers that know no order of frames."""

from __future__ import annotations

from collections import Counter

import numpy as np

from harness.contract.batch import Split, without_input
from harness.contract.metric import Prediction
from harness.contract.task import TaskData

_PENALTY, _ITERATIONS = 1e-4, 100


def predict_most_frequent(data: TaskData, seed: int) -> list[Prediction]:
    """The class that most training examples have; the first of several."""
    counts = Counter(int(_described(data.train, i)) for i in range(len(data.train)))
    best = min(counts, key=lambda label: (-counts[label], label))
    return [Prediction(data.test[i].id, best) for i in range(len(data.test))]


def predict_nearest_mean(data: TaskData, seed: int) -> list[Prediction]:
    """The class whose training examples have the nearest mean of features."""
    train, labels, test, ids = _standardised(data)
    classes = np.unique(labels)
    means = np.stack([train[labels == label].mean(axis=0) for label in classes])  # (K, 2 F)
    distances = ((test[:, None] - means) ** 2).sum(axis=-1)  # (N, K)
    return _answers(ids, classes[distances.argmin(axis=1)])


def predict_logistic(data: TaskData, seed: int) -> list[Prediction]:
    """Logistic regression on the features, with a small penalty on the weights; fitted by L-BFGS."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    train, labels, test, ids = _standardised(data)
    classes = int(labels.max()) + 1
    inputs, right = _with_ones(train), np.eye(classes)[labels]  # (N, 2 F + 1), (N, K)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, classes)
        scores = log_softmax(inputs @ weights, axis=1)
        gradient = inputs.T @ (np.exp(scores) - right) / len(inputs) + 2 * _PENALTY * weights
        return float(-(scores * right).sum() / len(inputs) + _PENALTY * (weights**2).sum()), gradient.ravel()

    start = np.zeros(inputs.shape[1] * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    return _answers(ids, (_with_ones(test) @ found.x.reshape(-1, classes)).argmax(axis=1))


def _with_ones(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features, np.ones((len(features), 1))], axis=1, dtype=np.float64)


def _standardised(data: TaskData) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Training features and labels, test features and ids; features are float32, with mean 0 and deviation 1."""
    train, labels, _ = _features(data.train)
    test, _, ids = _features(data.test)
    mean, deviation = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-5)
    return (train - mean) / deviation, labels, (test - mean) / deviation, ids


def _answers(ids: list[str], labels: np.ndarray) -> list[Prediction]:
    return [Prediction(name, int(label)) for name, label in zip(ids, labels, strict=True)]


def _features(split: Split) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Mean and deviation of the frames (N, 2 F), labels (N,) and ids."""
    rows, labels, ids = [], [], []
    for index in range(len(split)):
        example = split[index]
        assert example.input is not None
        rows.append(np.concatenate([example.input.mean(axis=0), example.input.std(axis=0)]))
        labels.append(int(example.target))
        ids.append(example.id)
    return np.stack(rows), np.array(labels), ids


def _described(split: Split, index: int) -> int:
    return (without_input(split, index) or split[index]).target
