"""Clauses of the task contract on scores: the perfect answer is best, directions are true, rows can be stored.

Axes: K classes.
"""

from __future__ import annotations

import json

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Prediction, Statistics, aggregate
from harness.contract.task import TaskData
from harness.testing.clause import clause
from harness.testing.task_subject import TaskSubject, shown


@clause(
    "Let the primary metric (the first) compare the prediction with its own example: a metric that gives wrong answers "
    "the score of right ones ranks nothing."
)
def scoring(subject: TaskSubject) -> None:
    """A perfect prediction and the answers of other examples differ on the primary metric; all scores are finite."""
    best, worse, example = _scores(subject)
    for name, value in best.items():
        assert np.isfinite(value), f"metric '{name}' of perfect predictions is {value}"
    primary = subject.task.metrics[0].name
    assert best[primary] != worse[primary], (
        f"the primary metric '{primary}' does not see wrong predictions: {best[primary]:.4g} for perfect ones and for "
        f"wrong ones, {example}"
    )


@clause(
    "Declare higher_is_better as the figure really is: True for accuracy or BLEU, False for error rates, losses and "
    "perplexity."
)
def directions(subject: TaskSubject) -> None:
    """No metric prefers wrong answers to perfect ones, by the direction that it declares."""
    best, worse, example = _scores(subject)
    for metric in subject.task.metrics:
        sign = 1 if metric.higher_is_better else -1
        right, wrong = best[metric.name], worse[metric.name]
        assert not sign * right < sign * wrong, (
            f"metric '{metric.name}' (higher is better: {metric.higher_is_better}) gives perfect predictions "
            f"{right:.4g} and wrong ones {wrong:.4g}, {example}"
        )


@clause(
    "Return from evaluate() one row a prediction, of plain numbers and lists (json.dumps must take them), and compute "
    "the corpus value from sums, which know no order."
)
def statistics(subject: TaskSubject) -> None:
    """Rows survive JSON, and the corpus value does not depend on the order of the examples."""
    task, examples = subject.task, subject.split("test")
    rows = task.evaluate([perfect(subject.data, e) for e in examples], examples)
    assert len(rows) == len(examples), f"evaluate returned {len(rows)} rows for {len(examples)} predictions"
    stored = [_stored(row, example) for row, example in zip(rows, examples, strict=True)]
    values = aggregate(task.metrics, rows)
    for way, again in (("storing", stored), ("another order", stored[::-1])):
        for name, value in aggregate(task.metrics, again).items():
            assert np.isclose(value, values[name], rtol=1e-9, equal_nan=True), (
                f"metric '{name}' is {values[name]!r}, and {value!r} after {way} of its rows"
            )


def _no_baselines(subject: TaskSubject) -> str:
    return "" if subject.task.baselines() else "the task has no baselines"


@clause(
    "Let predict() answer for every example of data.test in order, with its id, and draw from a generator seeded with "
    "the seed it is given.",
    inapplicable=_no_baselines,
)
def baselines(subject: TaskSubject) -> None:
    """A baseline answers for every test example, in order, the same with one seed."""
    data, task, examples = subject.data, subject.task, subject.split("test")
    ids = [example.id for example in examples]
    for baseline in task.baselines():
        assert baseline.description, f"baseline '{baseline.name}' has no description"
        one, two = (baseline.predict(data, 0) for _ in range(2))
        assert [p.id for p in one] == ids, f"baseline '{baseline.name}' does not answer for the test split in order"
        values = [aggregate(task.metrics, task.evaluate(answers, examples)) for answers in (one, two)]
        assert repr(values[0]) == repr(values[1]), (
            f"baseline '{baseline.name}' differs with the same seed: {values[0]} and {values[1]}"
        )


def perfect(data: TaskData, example: Example) -> Prediction:
    """The prediction of someone who knows the answer."""
    answer = data.target_spec.perfect(np.asarray(example.target))
    text = "" if answer.output is None else example.references[0] if example.references else ""
    return Prediction(example.id, answer.output, text, answer.scores, 0.0, np.asarray(example.target).size)


def _scores(subject: TaskSubject) -> tuple[dict[str, float], dict[str, float], str]:
    """Values of all metrics for perfect answers and for those of other examples, and one of these as a message."""
    data, task, examples = subject.data, subject.task, subject.split("test")
    right = [perfect(data, e) for e in examples]
    if right[0].output is None:  # scored by likelihood alone
        wrong = [Prediction(p.id, None, nats=2.0 * p.count, count=p.count) for p in right]
        said = f"such as {shown(examples[0])} at 2 nats a symbol"
    else:
        by = _turn(right)
        wrong = [_answer_of(right[(i + by) % len(right)], e.id) for i, e in enumerate(examples)]
        said = f"such as the answer of '{right[by % len(right)].id}' for {shown(examples[0])}"
    best, worse = (aggregate(task.metrics, task.evaluate(answers, examples)) for answers in (right, wrong))
    return best, worse, said


def _turn(right: list[Prediction]) -> int:
    """By how many places to turn the answers so that most of them become wrong (a split may be sorted by class)."""
    outputs = [repr(p.output) for p in right]
    size = len(outputs)
    return max(range(1, max(2, size)), key=lambda by: sum(outputs[i] != outputs[(i + by) % size] for i in range(size)))


def _answer_of(other: Prediction, name: str) -> Prediction:
    return Prediction(name, other.output, other.text, other.scores, 5.0 * other.count, other.count)


def _stored(row: dict[str, Statistics], example: Example) -> dict[str, Statistics]:
    """A row as it comes back from the store."""
    try:
        return json.loads(json.dumps({name: dict(value) for name, value in row.items()}))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the statistics of example '{example.id}' are no JSON: {error}") from error
