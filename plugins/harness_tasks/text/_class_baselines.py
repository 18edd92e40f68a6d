"""What text classification is without a sequence model: the most frequent class, and a bag of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Split
from harness.contract.metric import Prediction
from harness.contract.task import Baseline, TaskData
from harness.targets import ClassTarget

_ITERATIONS = 1_000
_STRENGTH = 10.0
"""Inverse of the L2 penalty, fixed: tf-idf rows have unit length, and scikit-learn's 1.0 underfits them."""


def most_frequent(data: TaskData, seed: int) -> list[Prediction]:
    """The class that most training examples have, with the shares of all as probabilities; `seed` changes nothing."""
    counts = np.bincount(_labels(data.train), minlength=_classes(data).num_classes) + 1.0  # none is impossible
    return _answers(data, np.tile(np.log(counts / counts.sum()), (len(data.test), 1)))


def bag_of_words(data: TaskData, seed: int) -> list[Prediction]:
    """Logistic regression on tf-idf of words and pairs of neighbouring words, fitted on the training split."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    labels = _labels(data.train)
    if len(set(labels.tolist())) < 2:
        return most_frequent(data, seed)
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]", dtype=np.float32)
    rows = vectoriser.fit_transform(_texts(data.train))
    fitted = LogisticRegression(C=_STRENGTH, max_iter=_ITERATIONS, random_state=seed).fit(rows, labels)
    found = fitted.predict_log_proba(vectoriser.transform(_texts(data.test)))
    scores = np.full((len(data.test), _classes(data).num_classes), -np.inf)
    scores[:, fitted.classes_] = found
    return _answers(data, np.maximum(scores, -50.0))  # a class without training examples, as near to never as JSON says


def _classes(data: TaskData) -> ClassTarget:
    assert isinstance(data.target_spec, ClassTarget)
    return data.target_spec


def _labels(split: Split) -> np.ndarray:
    return np.array([int(split[i].target) for i in range(len(split))], dtype=np.int64)


def _texts(split: Split) -> Sequence[str]:
    return [split[i].source for i in range(len(split))]


def _answers(data: TaskData, scores: np.ndarray) -> list[Prediction]:
    """Log-probabilities (N, K) as answers for the test split."""
    names = _classes(data).class_names
    made = []
    for position, row in enumerate(scores.tolist()):
        example, best = data.test[position], int(np.argmax(row))
        made.append(Prediction(example.id, best, names[best], tuple(row), nats=-row[int(example.target)], count=1))
    return made


MOST_FREQUENT = Baseline("most_frequent", "Answers the class that most training examples have.", most_frequent)
BAG_OF_WORDS = Baseline(
    "bag_of_words",
    "Logistic regression on tf-idf of words and pairs of words, which sees no order beyond neighbours.",
    bag_of_words,
)
