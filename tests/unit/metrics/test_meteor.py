"""METEOR's program is asked as pycocoevalcap asks it; here a small program answers in its place.

With the real one (pycocoevalcap 1.2, OpenJDK 17) the captions of `test_captioning` score as its `Meteor` class scores
them; that takes a Java runtime and 100 MB, which the tests do without.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from harness_tasks.video_captioning import VideoCaptioning

from harness.contract.batch import Example
from harness.contract.metric import Prediction, aggregate
from harness.errors import ConfigError, DataError
from harness.metrics import meteor
from harness.metrics.meteor import METEOR, MeteorProgram

# Words of the answer in the best reference and its length; then their sums.
STAND_IN = """
import sys
for line in sys.stdin:
    kind, *parts = line.rstrip("\\n").split(" ||| ")
    if kind == "SCORE":
        *references, answer = (part.split() for part in parts)
        print(max(sum(w in one for w in answer) for one in references), len(answer), flush=True)
    else:
        rows = [list(map(float, part.split())) for part in parts]
        print(*(a / b for a, b in rows), sum(a for a, _ in rows) / sum(b for _, b in rows), sep="\\n", flush=True)
"""


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[MeteorProgram]:
    made = MeteorProgram([sys.executable, "-c", STAND_IN])
    monkeypatch.setattr(meteor, "_program", lambda: made)
    yield made
    made.stop()


def test_sentences_are_scored_one_by_one_and_then_together(program: MeteorProgram) -> None:
    pairs = {"A cat, here": ("a cat is here", "cats"), "the dog": ("a dog",)}
    rows = [
        {"meteor": METEOR.statistics(Prediction("1", [], answer), Example("1", None, 0, right))}
        for answer, right in pairs.items()
    ]
    assert [row["meteor"] for row in rows] == [{"meteor": "3 3"}, {"meteor": "1 2"}]
    assert aggregate((METEOR,), rows) == {"meteor": pytest.approx(80.0)}


def test_a_program_that_ends_is_said(program: MeteorProgram) -> None:
    program.stop()
    with pytest.raises(DataError, match="METEOR ended"):
        METEOR.statistics(Prediction("1", [], "a"), Example("1", None, 0, ("a",)))
    with pytest.raises(DataError, match="METEOR cannot be started"):
        MeteorProgram(["/nowhere/java"])


def test_it_is_asked_for_by_an_option_and_missing_parts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = VideoCaptioning(meteor=True)
    assert "meteor" in [metric.name for metric in asked.metrics]
    assert "meteor" not in [metric.name for metric in VideoCaptioning().metrics]
    monkeypatch.setattr(meteor, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"sequence-harness\[meteor\]"):
        asked.setup()
    monkeypatch.setattr(meteor, "find_spec", lambda name: object())
    monkeypatch.setattr(meteor.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="no java on the PATH"):
        asked.setup()
