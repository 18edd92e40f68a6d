"""Scores of a voice assistant: accuracy on single words, false alarms an hour, and how long a decision takes.

The test split of such a task holds single words and *looks*: what is heard in the last second, at regular times, of
running audio without a command, or of audio with one command in it. A look is an example of its own, marked by
`Example.units`:

    probe        1: the example asks for no answer of its own, so accuracy, F1 and the confusion matrix leave it out
    stream       which audio it is cut from
    look         its number in that audio, counted from 0
    step_seconds from one look to the next (running audio)
    after_end    seconds from the end of the command to the look (audio with a command); negative before the end

A command is *announced* when `IN_A_ROW` looks in a row give it. A longer row is still one announcement.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.metrics.classification import MACRO_F1
from harness.metrics.label_counts import macro_f1
from harness.metrics.ratios import percentage, total

UNKNOWN, SILENCE = "unknown", "silence"
NO_COMMAND = (UNKNOWN, SILENCE)
"""Names of the classes that stand for no command."""

IN_A_ROW = 2
"""Looks that must agree before a command is announced."""

NEVER_S = 1.0
"""The delay, in seconds, of a command that is not announced, or after another."""


def is_probe(example: Example) -> bool:
    """Whether the example is a look, not a single word."""
    return bool(example.units.get("probe"))


def _correct(prediction: Prediction, example: Example) -> Statistics:
    if is_probe(example):
        return {"correct": 0, "counted": 0}
    return {"correct": int(int(prediction.output) == int(example.target)), "counted": 1}


def _share_correct(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "correct"), total(rows, "counted"))


def _labels(prediction: Prediction, example: Example) -> Statistics:
    if is_probe(example):
        return {"label_hits": [], "label_actual": [], "label_predicted": []}
    actual, predicted = int(example.target), int(prediction.output)
    width = 1 + max(actual, predicted)
    one_hot = {k: [int(i == k) for i in range(width)] for k in (actual, predicted)}
    hits = one_hot[actual] if actual == predicted else [0] * width
    return {"label_hits": hits, "label_actual": one_hot[actual], "label_predicted": one_hot[predicted]}


def _command(prediction: Prediction) -> str:
    """The command that is answered; empty: none."""
    return "" if prediction.text in NO_COMMAND else prediction.text


def _running(prediction: Prediction, example: Example) -> Statistics:
    hours = example.units.get("step_seconds", 0.0) / 3600
    if not hours:
        return {"hours": 0.0, "stream": -1, "look": 0, "heard": ""}
    stream, look = int(example.units["stream"]), int(example.units["look"])
    return {"hours": hours, "stream": stream, "look": look, "heard": _command(prediction)}


def _alarms_an_hour(rows: Sequence[Statistics]) -> float:
    hours = total(rows, "hours")
    streams = _by_stream((row["stream"], row["look"], row["heard"]) for row in rows if row["hours"])
    alarms = sum(len(announced(looks)) for looks in streams.values())
    return alarms / hours if hours else math.nan


def _decision(prediction: Prediction, example: Example) -> Statistics:
    if "after_end" not in example.units:
        return {"stream": -1, "look": 0, "heard": "", "said": "", "after_end": 0.0}
    stream, look = int(example.units["stream"]), int(example.units["look"])
    return {
        "stream": stream,
        "look": look,
        "heard": _command(prediction),
        "said": example.references[0],
        "after_end": example.units["after_end"],
    }


def _mean_delay(rows: Sequence[Statistics]) -> float:
    looks = [row for row in rows if row["stream"] >= 0]
    said = {row["stream"]: row["said"] for row in looks}
    after = {(row["stream"], row["look"]): float(row["after_end"]) for row in looks}
    delays = []
    for stream, heard in _by_stream((row["stream"], row["look"], row["heard"]) for row in looks).items():
        first = next(iter(announced(heard)), None)
        right = first is not None and first[1] == said[stream]
        delays.append(min(after[stream, first[0]], NEVER_S) if first is not None and right else NEVER_S)
    return math.fsum(delays) / len(delays) if delays else math.nan


def announced(looks: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The look at which each command is announced, and the command.

    Args:
        looks: (number, command or "") of one audio, in order; a number that is missing breaks a row.
    """
    found, row = [], 0
    for place, (number, heard) in enumerate(looks):
        follows = place > 0 and looks[place - 1] == (number - 1, heard)
        row = row + 1 if follows else 1
        if heard and row == IN_A_ROW:
            found.append((number, heard))
    return found


def _by_stream(looks: Iterable[tuple[int, int, str]]) -> dict[int, list[tuple[int, str]]]:
    streams: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for stream, number, heard in sorted(looks):
        streams[stream].append((number, heard))
    return streams


WORD_ACCURACY = Metric(
    name="accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_correct,
    aggregate=_share_correct,
    description="Share of single words whose most likely class is the right one; what is no command counts as one "
    "class.",
    margin=0.5,
)

WORD_MACRO_F1 = Metric(
    name="macro_f1",
    unit="%",
    higher_is_better=True,
    statistics=_labels,
    aggregate=macro_f1,
    description=MACRO_F1.description,
    margin=0.5,
)

FALSE_ALARMS = Metric(
    name="false_alarms",
    unit="alarms/hour",
    higher_is_better=False,
    statistics=_running,
    aggregate=_alarms_an_hour,
    description="Commands announced in running audio that holds none, an hour. At each look the network answers for "
    f"the last second; {IN_A_ROW} looks in a row with the same command announce it. Undefined without running audio.",
)

DECISION_DELAY = Metric(
    name="decision_delay",
    unit="s",
    higher_is_better=False,
    statistics=_decision,
    aggregate=_mean_delay,
    description="Mean time from the end of a command to its announcement (as for false alarms), in seconds of audio; "
    f"computing time comes on top. A command that is missed, or announced after a wrong one, counts as {NEVER_S:g} s. "
    "Every look is answered anew, so the figure holds for causal and for bidirectional networks.",
)
