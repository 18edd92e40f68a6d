"""Scores of a voice assistant: looks count for alarms and delays only, and words for accuracy only."""

import math

import pytest

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.metrics.listening import DECISION_DELAY, FALSE_ALARMS, WORD_ACCURACY, WORD_MACRO_F1, announced
from harness.targets import ClassTarget

CLASSES = ("yes", "no", "unknown", "silence")
METRICS = (WORD_ACCURACY, WORD_MACRO_F1, FALSE_ALARMS, DECISION_DELAY)


def example(name, right, **units):
    return Example(name, None, CLASSES.index(right), (right,), units={"seconds": 1.0, **units})


def running(*heard, stream=0):
    return [
        (said, example(f"r{stream}-{i}", "unknown", probe=1, stream=stream, look=i, step_seconds=0.5))
        for i, said in enumerate(heard)
    ]


def command(right, *heard, stream=0, first=-0.5):
    return [
        (said, example(f"c{stream}-{i}", right, probe=1, stream=stream, look=i, after_end=first + 0.25 * i))
        for i, said in enumerate(heard)
    ]


def scores(*pairs):
    rows = [
        {m.name: m.statistics(Prediction(e.id, CLASSES.index(said), said), e) for m in METRICS} for said, e in pairs
    ]
    return aggregate(METRICS, rows[::-1])  # no order is relied on


def test_accuracy_and_f1_look_at_words_alone():
    words = [("yes", example("a", "yes")), ("no", example("b", "yes")), ("unknown", example("c", "unknown"))]
    found = scores(*words, *running("yes", "yes"), *command("no", "yes", "yes"))
    assert found["accuracy"] == pytest.approx(200 / 3)
    assert found["macro_f1"] == pytest.approx(100 * (2 / 3 + 0 + 1) / 3)


def test_an_alarm_is_one_command_in_two_looks_in_a_row():
    heard = ["yes", "unknown", "yes", "yes", "yes", "no", "no", "silence", "silence", "no"]
    found = scores(*running(*heard), *running("no", "yes", stream=1))
    assert found["false_alarms"] == pytest.approx(2 / (12 * 0.5 / 3600))
    assert announced([(0, "yes"), (2, "yes")]) == []


def test_the_delay_runs_from_the_end_of_the_command_and_wrong_ones_count_as_a_second():
    early = command("yes", "yes", "yes", "yes", stream=0)
    late = command("yes", "unknown", "yes", "unknown", "yes", "yes", stream=1)
    wrong = command("no", "yes", "yes", "no", "no", stream=2)
    never = command("no", "unknown", "no", stream=3)
    assert scores(*early)["decision_delay"] == -0.25
    assert scores(*early, *late, *wrong, *never)["decision_delay"] == pytest.approx((-0.25 + 0.5 + 1 + 1) / 4)


def test_what_was_not_measured_is_not_a_number():
    found = scores(("yes", example("a", "yes")))
    assert math.isnan(found["false_alarms"])
    assert math.isnan(found["decision_delay"])


def test_the_confusion_matrix_leaves_looks_out():
    pairs = [("yes", example("a", "yes")), *running("yes", "yes")]
    predictions = [Prediction(e.id, CLASSES.index(said), said) for said, e in pairs]
    matrix = ClassTarget(4, CLASSES).charts(predictions, [e for _, e in pairs])["confusion"]["matrix"]
    assert sum(map(sum, matrix)) == 1
