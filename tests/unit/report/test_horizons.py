"""The error of a forecast by its distance: values worked out by hand, and statistics that are not as they should be."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction
from harness.metrics.forecasting import MAE, MOST_PARTS, MSE
from harness.report import breakdowns, build, evidence, horizons
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary

UNITS = {m.name: {"unit": m.unit, "higher_is_better": False, "description": m.description} for m in (MSE, MAE)}
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def ran(store: Store, made_up) -> Callable[..., None]:
    """Enter a finished run of a made-up forecasting task whose targets are zero, with these forecasts."""

    def enter(
        forecasts: Sequence[np.ndarray],
        *,
        model: str = "lstm",
        seed: int = 0,
        kind: str = "model",
        metrics: Sequence[Metric] = (MSE, MAE),
        change: Change = lambda statistics: None,
    ) -> None:
        plan = made_up.plan("translation", model, seed, kind=kind)
        primary = {"name": metrics[0].name, **UNITS[metrics[0].name]}
        units = {m.name: UNITS[m.name] for m in metrics}
        plan = replace(plan, task="waves", dataset="waves-3", primary=primary, units=units, references=[])
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        rows = []
        for i, forecast in enumerate(forecasts):
            prediction, example = (
                Prediction(f"e{i}", forecast.tolist()),
                Example(f"e{i}", None, np.zeros_like(forecast)),
            )
            statistics = {m.name: dict(m.statistics(prediction, example)) for m in metrics}
            rows.append(PredictionRow(f"e{i}", "[0. 1.]", "[0.]", "[0.]", statistics))
        values = {f"test/{m.name}": m.aggregate([r.statistics[m.name] for r in rows]) for m in metrics}
        for row in rows:
            for statistics in row.statistics.values():
                change(statistics)
        store.finish(run_id, RunSummary(values, values[f"test/{metrics[0].name}"], 1, 1, {}, 2.0, 1.0), rows, [])

    return enter


def panels_of(store: Store) -> list[Panel]:
    data = load(store)
    colours = {label: i for i, label in enumerate(data.models)}
    return horizons.panels(PanelContext.judged(store, data.comparisons[0], "far", colours))


def values_of(panel: Panel, number: int = 0) -> dict[str, dict[str, float | None]]:
    """Of one of its tables, by model and step."""
    table = panel.tables[number]
    return {
        column.title: {row.header.text: row.cells[k].value for row in table.rows}
        for k, column in enumerate(table.columns)
    }


TWO = [np.array([[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]), np.array([[0.0, 0.0], [2.0, 2.0], [-5.0, 1.0]])]
"""Errors of two examples at three steps of two variables."""


def test_each_step_is_scored_alone(store: Store, ran):
    ran(TWO)
    (panel,) = panels_of(store)
    assert panel.title == "Error by horizon"
    assert panel.folded
    # Step 1: 1 + 1 over 4 numbers; step 2: 4 + 4 + 4; step 3: 9 + 1 + 25 + 1.
    assert values_of(panel)["lstm"] == {"all steps": 50 / 12, "1": 0.5, "2": 3.0, "3": 9.0}
    assert values_of(panel, 1)["lstm"] == pytest.approx({"all steps": 18 / 12, "1": 0.5, "2": 1.5, "3": 2.5})
    assert panel.text[0] == (
        "MSE at step h ahead is the sum of (forecast − target)² over all test examples and variables at that step, "
        "divided by their number (in sd²); the mean over the 3 steps is the MSE of the whole test split."
    )
    assert "|forecast − target|" in panel.text[1]
    assert [f.name for f in panel.figures] == ["far-1", "far-2"]
    assert "lstm: from 0.5 at step 1 to 9 at step 3." in panel.figures[0].alt
    for words in ("steps ahead", "MSE, sd² (lower is better)", "lstm"):
        assert words in panel.figures[0].svg


def test_seeds_are_averaged_baselines_stand_beside_and_leaders_are_named_by_step(store: Store, ran):
    ran([np.array([[1.0], [1.0], [4.0]])], seed=1)
    ran([np.array([[1.0], [1.0], [2.0]])], seed=2)
    ran([np.array([[2.0], [2.0], [2.0]])], model="rnn")
    ran([np.array([[0.0], [0.0], [9.0]])], model="baseline:repeat_last", kind="baseline")
    (panel,) = panels_of(store)
    assert values_of(panel, 1) == {
        "lstm": {"all steps": pytest.approx(5 / 3), "1": 1.0, "2": 1.0, "3": 3.0},
        "rnn": {"all steps": 2.0, "1": 2.0, "2": 2.0, "3": 2.0},
        "baseline:repeat_last": {"all steps": 3.0, "1": 0.0, "2": 0.0, "3": 9.0},
    }
    assert panel.tables[1].rows[3].cells[0].note == "2.000 to 4.000"
    told = "Best mean MAE: lstm at steps 1–2; rnn at step 3. Differences at single steps were not tested."
    assert told in panel.text
    assert "bands from the lowest to the highest seed" in panel.figures[0].caption
    assert "baseline:repeat_last" in panel.figures[0].svg


def test_the_steps_of_a_long_horizon_share_numbers(store: Store, ran):
    forecast = np.arange(1.0, 101.0)[:, None]
    ran([forecast], metrics=(MAE,))
    (panel,) = panels_of(store)
    values = values_of(panel)["lstm"]
    assert len(values) == 1 + MOST_PARTS
    parts = np.array_split(np.arange(1.0, 101.0), MOST_PARTS)
    assert [v for k, v in values.items() if k != "all steps"] == pytest.approx([part.mean() for part in parts])
    assert list(values)[1:6] == ["1–3", "4–6", "7–9", "10–12", "13–14"]
    assert f"in {MOST_PARTS} parts" in panel.text[0]


def test_the_pages_show_it_and_no_breakdown_by_the_length_of_numbers_as_text(store: Store, ran, tmp_path):
    dice = np.random.default_rng(0)
    for model in ("lstm", "rnn"):
        ran(dice.normal(size=(60, 3, 1)), model=model)
    build(store, tmp_path, formats=("html", "md", "csv"))
    page = (tmp_path / "tasks" / "waves.html").read_text(encoding="utf-8")
    assert "<summary>Error by horizon</summary>" in page
    assert page.count("Better checkpoint? Of the checkpoints of seed 0") == 1  # the example test knows the statistics
    assert (tmp_path / "tables" / "waves-horizon-table-1.csv").read_text().startswith("Step ahead,kind,lstm,rnn\n")
    assert "Error by horizon" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert (
        breakdowns.panels(PanelContext.judged(store, load(store).comparisons[0], "parts", {"lstm": 0, "rnn": 1})) == []
    )


def test_the_tests_over_examples_see_the_sums_alone(store: Store, ran):
    dice = np.random.default_rng(0)
    ran(dice.normal(size=(60, 3, 1)), model="lstm")
    ran(dice.normal(size=(60, 3, 1)), model="rnn", change=lambda s: s.update(by_step=s["by_step"][::-1]))
    (panel,) = evidence.panels(PanelContext.judged(store, load(store).comparisons[0], "e", {}))
    (row,) = panel.tables[1].rows
    assert {row.header.text, row.cells[0].text} == {"lstm", "rnn"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s.update(by_step=s["by_step"][:2]), id="fewer-numbers"),
        pytest.param(lambda s: s.update(by_step=["a", 2.0, 3.0]), id="text"),
        pytest.param(lambda s: s.update(by_step=[None, 2.0, 3.0]), id="none"),
        pytest.param(lambda s: s.update(by_step=[[1.0], 2.0, [3.0]]), id="nested"),
        pytest.param(lambda s: s.update(by_step=[1e308, 1e308, 1e308]), id="overflow"),
        pytest.param(lambda s: s.update(by_step=[v + 1 for v in s["by_step"]]), id="other-sums"),
        pytest.param(lambda s: s.update(steps=10**30), id="many-steps"),
        pytest.param(lambda s: s.update(steps="3"), id="steps-as-text"),
        pytest.param(lambda s: s.update(count=0), id="nothing-counted"),
        pytest.param(lambda s: s.pop("by_step"), id="of-an-older-version"),
    ],
)
def test_a_run_whose_steps_do_not_add_up_is_left_out_and_named(store: Store, ran, change: Change):
    ran(TWO, model="lstm", change=change)
    for model in ("rnn", "bilstm"):
        ran(TWO, model=model)
    (panel,) = panels_of(store)
    assert list(values_of(panel)) == ["rnn", "bilstm"]
    assert "1 run of lstm, whose steps differ or do not reproduce the stored score" in panel.text[-1]


def test_one_step_is_no_horizon(store: Store, ran):
    ran([np.array([[1.0]])])
    assert panels_of(store) == []


def test_other_tasks_have_no_horizon(filled: Store):
    data = load(filled)
    for comparison in data.comparisons:
        assert (
            horizons.panels(PanelContext.judged(filled, comparison, "far", {label: 0 for label in data.models})) == []
        )
