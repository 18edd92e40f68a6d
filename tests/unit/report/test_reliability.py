"""The panel of reliability: accuracy by confidence, from the statistics of the calibration error."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.metrics.classification import ACCURACY, CALIBRATION_ERROR
from harness.report import reliability
from harness.report.load import load
from harness.report.panels import PanelContext
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary

METRICS = (ACCURACY, CALIBRATION_ERROR)


@pytest.fixture
def sure(store: Store, made_up: Any) -> Any:
    """Enter a finished run: pairs of the probability of its answer and whether that is right, each 20 times."""

    def enter(
        answers: Any, model: str = "lstm", seed: int = 0, kind: str = "model", stored: float | None = None
    ) -> None:
        units = {m.name: {"unit": m.unit, "higher_is_better": m.higher_is_better, "description": ""} for m in METRICS}
        plan = replace(
            made_up.plan("action_recognition", model, seed, kind=kind),
            primary={"name": "accuracy", "unit": "%", "higher_is_better": True},
            units=units,
            references=[],
        )
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        rows = []
        for i, (confidence, right) in enumerate(answers * 20):
            scores = tuple(np.log([confidence, 1 - confidence]).tolist())
            prediction, example = Prediction(str(i), 0, scores=scores), Example(str(i), None, 0 if right else 1)
            statistics = {m.name: dict(m.statistics(prediction, example)) for m in METRICS}
            rows.append(PredictionRow(str(i), "", "a", "a", statistics))
        values = {f"test/{m.name}": m.aggregate([r.statistics[m.name] for r in rows]) for m in METRICS}
        if stored is not None:
            values["test/calibration_error"] = stored
        store.finish(run_id, RunSummary(values, values["test/accuracy"], 1, 1, {}, 2.0, 1.0), rows, [])

    return enter


def panels_of(store: Store) -> list[Any]:
    data = load(store)
    colours = {label: i for i, label in enumerate(data.models)}
    return reliability.panels(PanelContext.judged(store, data.comparisons[0], "sure", colours))


def test_groups_are_drawn_at_their_confidence_and_share_of_right_answers(store: Store, sure: Any) -> None:
    sure([(0.9, True), (0.9, True), (0.9, False), (0.6, True)])
    sure([(0.9, True), (0.9, True), (0.9, True), (0.6, True)], seed=1)
    sure([(0.7, False)], model="most_frequent", kind="baseline")
    (panel,) = panels_of(store)
    assert panel.folded
    (figure,) = panel.figures
    assert "lstm: 100 right at 60 confidence, 83.3 right at 90 confidence." in figure.alt
    assert "most_frequent: 0 right at 70 confidence." in figure.alt
    for words in ("confidence, %", "right answers, %", "lstm"):
        assert words in figure.svg
    rows = {row.header.text: [cell.value for cell in row.cells] for row in panel.tables[0].rows}
    # |2 - 2.7| + |1 - 0.6| and |3 - 2.7| + |1 - 0.6| over 4; the mean of both seeds.
    assert rows["lstm"] == pytest.approx([100 * (1.1 + 0.7) / 8, 82.5, 87.5])
    assert panel.text[1] == "Surer than right on average: most_frequent by 70 points."
    assert panel.text[2] == "Less sure than right on average: lstm by 5 points."


def test_a_run_that_does_not_reproduce_its_score_is_left_out_and_said(store: Store, sure: Any) -> None:
    sure([(0.9, True)])
    sure([(0.9, False)], seed=1, stored=1.0)
    (panel,) = panels_of(store)
    assert panel.text[-1] == "Left out: 1 run of lstm, without probabilities that reproduce the stored score."
    assert panel.tables[0].rows[0].cells[2].value == 100.0


def test_metrics_without_confidence_have_no_such_panel(store: Store, made_up: Any) -> None:
    made_up.done(store, made_up.plan("action_recognition", "lstm"), value=90.0)
    assert panels_of(store) == []
