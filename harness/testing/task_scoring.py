"""Clauses of the task contract on scores: the perfect answer is best, directions are true, rows can be stored.

Axes: K classes.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Prediction, Statistics, aggregate
from harness.contract.target import Answer
from harness.contract.task import TaskData
from harness.testing.clause import clause
from harness.testing.other_answers import answers_of_others, one_each_step
from harness.testing.task_subject import TaskSubject, shown


@clause(
    "Let the primary metric (the first) compare the prediction with its own example: a metric that gives wrong answers "
    "the score of right ones ranks nothing. Say what a metric is where nothing is right (0, as a rule), and where "
    "there is nothing to divide by: a NaN cannot be compared."
)
def scoring(subject: TaskSubject) -> None:
    """The answers of other examples score otherwise on the primary metric than perfect ones; all scores are finite."""
    found = _scores(subject)
    for values, which in ((found.best, "perfect"), (found.worse, "wrong"), (found.none_right, "wrong")):
        for name, value in values.items():
            assert np.isfinite(value), f"metric '{name}' of {which} predictions is {value}" + (
                f", {found.example}" if which == "wrong" else ""
            )
    best, worse, example = found.best, found.worse, found.example
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
    found = _scores(subject)
    best, worse, example = found.best, found.worse, found.example
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


class _Scores(NamedTuple):
    """Values of all metrics: of perfect answers, of those of other examples, and of those among these that are wrong.

    `example` says in words how one of the answers of other examples came about.
    """

    best: dict[str, float]
    worse: dict[str, float]
    none_right: dict[str, float]
    example: str


def _scores(subject: TaskSubject) -> _Scores:
    data, task, examples = subject.data, subject.task, subject.split("test")
    right = [perfect(data, e) for e in examples]
    if right[0].output is None:  # scored by likelihood alone
        wrong = [Prediction(p.id, None, nats=2.0 * p.count, count=p.count) for p in right]
        said = f"such as {shown(examples[0])} at 2 nats a symbol"
    else:
        wrong, by = _wrong(data, right)
        said = f"such as the answer of '{right[by % len(right)].id}' for {shown(examples[0])}"
    differ = [i for i, (one, two) in enumerate(zip(right, wrong, strict=True)) if repr(one.output) != repr(two.output)]
    none_right = [wrong[i] for i in differ], [examples[i] for i in differ]
    given = [(right, examples), (wrong, examples), none_right if differ else (wrong, examples)]
    best, worse, none = (aggregate(task.metrics, task.evaluate(*each)) for each in given)
    return _Scores(best, worse, none, said)


def _wrong(data: TaskData, right: list[Prediction]) -> tuple[list[Prediction], int]:
    """The answers of other examples, and by how many places they were turned."""
    target = data.target_spec
    answers, by = answers_of_others(target, [Answer(p.output, p.scores) for p in right])
    wrong = []
    for i, (own, answer) in enumerate(zip(right, answers, strict=True)):
        other = right[(i + by) % len(right)]
        text = other.text if answer.output == other.output else target.text(answer.output, data.decode)
        count = own.count if one_each_step(target) else other.count
        wrong.append(Prediction(own.id, answer.output, text, answer.scores, 5.0 * count, count))
    return wrong, by


def _stored(row: dict[str, Statistics], example: Example) -> dict[str, Statistics]:
    """A row as it comes back from the store."""
    try:
        return json.loads(json.dumps({name: dict(value) for name, value in row.items()}))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the statistics of example '{example.id}' are no JSON: {error}") from error
