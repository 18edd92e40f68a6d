"""The panel of continued pieces: what is read from samples, and what is left to other panels."""

from __future__ import annotations

import os
from typing import Any

import pytest

from harness.report import piano_rolls
from harness.report.load import load
from harness.report.panels import PanelContext
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary, SampleRow


def test_texts_of_keys_are_read_and_others_are_not() -> None:
    assert piano_rolls.keys("C4+E4 - A#3") == [[60, 64], [], [58]]
    assert piano_rolls.keys("to be or") is None
    assert piano_rolls.keys("") is None


@pytest.mark.parametrize(
    ("sample", "drawn"),
    [
        (SampleRow("bwv1 continued", "C4 E4", "", "G4+C4 - G4"), True),
        (SampleRow("bwv1 continued", "C4 E4", "", "a text"), False),
        (SampleRow("sample 1", "C4", "", "C4"), False),
    ],
)
def test_a_model_s_continuation_is_drawn(sample: SampleRow, drawn: bool, store: Store, made_up: Any) -> None:
    plan = made_up.plan("translation", "lstm", 0)
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    name = plan.primary["name"]
    summary = RunSummary({f"test/{name}": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0)
    store.finish(run_id, summary, [PredictionRow("a", "", "b", "c", {name: {"n": 1}})], [sample])
    data = load(store)
    found = piano_rolls.panels(PanelContext.judged(store, data.comparisons[0], "roll", {"lstm": 0}))
    assert bool(found) is drawn
    if drawn:
        (figure,) = found[0].every_figure
        assert "2 steps given, 3 continued" in figure.caption
        assert "1.0 keys a step, between 60 and 67" in figure.alt
        assert "<path" in figure.svg
