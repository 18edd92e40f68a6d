"""Quality against cost: who is on the front, in words and in numbers, and when a figure would say nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import pytest

from harness.report import cost
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.store import Store
from harness.store.records import RunSummary


@pytest.fixture
def ran(store: Store, made_up) -> Callable[..., None]:
    """Enter finished runs of a model: one a seed, with these results and costs."""

    def enter(
        model: str,
        values: list[float],
        train_s: float = 10.0,
        parameters: int = 1000,
        *,
        task: str = "translation",
        contended: bool = False,
        budget: str = "epochs:3",
        kind: str = "model",
        fixed: int = 0,
    ) -> None:
        for seed, value in enumerate(values):
            plan = made_up.plan(task, model, seed, budget=budget, kind=kind)
            run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
            summary = RunSummary(
                {f"test/{plan.primary['name']}": value}, value, parameters, parameters, {}, train_s + 5, train_s + seed,
                machine={"contended": contended}, fixed_parameters=fixed,
            )  # fmt: skip
            store.finish(run_id, summary, [], [])

    return enter


def panel_of(store: Store) -> Panel:
    data = load(store)
    colours = {label: i for i, label in enumerate(data.models)}
    (panel,) = cost.panels(PanelContext.judged(store, data.comparisons[0], "t-cost", colours))
    return panel


def rows_of(panel: Panel) -> dict[str, dict[str, Any]]:
    (table,) = panel.tables
    titles = [c.title for c in table.columns]
    return {row.header.text: dict(zip(titles, row.cells, strict=True)) for row in table.rows}


def test_the_front_is_drawn_and_named_in_words(store: Store, ran):
    ran("rnn", [10.0, 12.0], 10, 1000)
    ran("lstm", [20.0, 22.0], 100, 5000)
    ran("bilstm", [19.0, 20.0], 200, 4000)
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-time", "t-cost-by-parameters"]
    assert panel.text[0] == (
        "Nothing is both better and faster to train than rnn and lstm. "
        "Another model is at least as good as, and takes no longer than, bilstm."
    )
    assert panel.text[1] == "Nothing is both better and smaller than rnn, bilstm and lstm."
    assert "where intervals overlap" in panel.text[2]
    assert "On the front, not beaten in both: rnn and lstm." in panel.figures[0].alt
    assert "towards the upper left" in panel.figures[0].caption


def test_the_table_holds_what_the_figures_show(store: Store, ran):
    ran("rnn", [10.0, 12.0], 10, 1000)
    ran("lstm", [20.0, 22.0], 100, 5000)
    rows = rows_of(panel_of(store))
    assert rows["lstm"]["BLEU"].value == 21.0
    assert rows["lstm"]["BLEU"].half_width == pytest.approx(12.706, abs=1e-3)  # t(0.975, 1) x sqrt(2) / sqrt(2)
    assert rows["lstm"]["training time"].value == 100.5
    assert rows["lstm"]["parameters"].value == 5000
    assert [rows[m]["unbeaten for its time"].text for m in ("rnn", "lstm")] == ["yes", "yes"]


def test_fixed_weights_count_in_the_size_that_a_model_is_unbeaten_for(store: Store, ran):
    """An echo-state network trains 1,540 weights and needs a million."""
    ran("echo_state", [15.0], 10, 1_001_540, fixed=1_000_000)
    ran("lstm", [20.0], 100, 50_000)
    panel = panel_of(store)
    rows = rows_of(panel)
    assert (rows["echo_state"]["parameters"].text, rows["echo_state"]["parameters"].value) == (
        "1.54 k trained + 1.00 M fixed",
        1_001_540,
    )
    assert [rows[m]["unbeaten for its size"].text for m in ("echo_state", "lstm")] == ["no", "yes"]
    assert "echo_state: 1.54 k trained + 1.00 M fixed parameters" in panel.figures[1].alt


def test_lower_is_better_where_the_task_says_so(store: Store, ran):
    ran("rnn", [5.0], 10, 1000, task="speech_recognition")
    ran("lstm", [9.0], 20, 2000, task="speech_recognition")
    panel = panel_of(store)
    assert panel.text[0] == (
        "Nothing is both better and faster to train than rnn. "
        "Another model is at least as good as, and takes no longer than, lstm."
    )
    assert "where intervals overlap" not in " ".join(panel.text)  # one seed has no interval


def test_a_budget_in_seconds_says_nothing_of_training_time(store: Store, ran):
    ran("rnn", [10.0], 30, 1000, budget="seconds:30")
    ran("lstm", [20.0], 31, 5000, budget="seconds:30")
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-parameters"]
    assert "every model trained equally long" in panel.text[0]
    assert "unbeaten for its time" not in rows_of(panel)["lstm"]


def test_matched_parameters_are_not_drawn_as_a_cost(store: Store, ran):
    ran("rnn", [10.0], 10, 100_000)
    ran("lstm", [20.0], 99, 101_000)
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-time"]
    assert "the same number of parameters, 100 k, within 2 %" in panel.text[1]


def test_contended_runs_are_marked(store: Store, ran):
    ran("rnn", [10.0, 11.0], 10, 1000)
    ran("lstm", [20.0, 21.0], 99, 5000, contended=True)
    panel = panel_of(store)
    by_time, by_size = panel.figures
    assert by_time.caption.endswith("hollow: contended.")
    assert "hollow" not in by_size.caption
    assert by_time.svg.count("fill: #ffffff") == by_size.svg.count("fill: #ffffff") + 1
    assert "2 runs shared their machine with other work (contended)" in panel.text[-1]
    assert rows_of(panel)["lstm"]["contended runs"].text == "2 of 2"
    assert rows_of(panel)["rnn"]["contended runs"].text == "0 of 2"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_model_without_a_finite_result_takes_no_part(store: Store, ran, value: float):
    ran("rnn", [10.0], 10, 1000)
    ran("lstm", [20.0], 99, 5000)
    ran("bilstm", [value], 1, 1)
    assert set(rows_of(panel_of(store))) == {"rnn", "lstm"}


def test_one_model_is_compared_with_nothing(store: Store, ran):
    ran("rnn", [10.0, 11.0])
    assert cost.panels(PanelContext.judged(store, load(store).comparisons[0], "t-cost", {"rnn": 0})) == []


def test_a_baseline_is_a_level_line_with_its_name(store: Store, ran):
    ran("rnn", [10.0], 10, 1000)
    ran("lstm", [20.0], 100, 5000)
    ran("baseline:copy_nearest", [14.31], 0, 0, kind="baseline")
    ran("baseline:nothing", [0.0], 0, 0, kind="baseline")
    panel = panel_of(store)
    for figure in panel.figures:
        assert "baseline:copy_nearest</text>" in figure.svg
        assert "baseline:nothing</text>" in figure.svg
        assert "dotted: baselines, which are not trained" in figure.caption
        assert "Baselines: baseline:copy_nearest: 14.31; baseline:nothing: 0.00." in figure.alt
        assert "not beaten in both: rnn and lstm." in figure.alt  # a baseline beats nobody in what it does not cost
    rows = rows_of(panel)
    assert rows["baseline:copy_nearest"]["BLEU"].value == 14.31
    assert rows["baseline:copy_nearest"]["parameters"].value is None
    assert [row.tag for row in panel.tables[0].rows] == ["", "", "baseline", "baseline"]


def test_a_baseline_that_would_flatten_the_models_is_named_below_the_figure(store: Store, ran):
    ran("rnn", [20.0], 10, 1000)
    ran("lstm", [21.0], 100, 5000)
    ran("baseline:guess", [1.0], 0, 0, kind="baseline")
    for figure in panel_of(store).figures:
        assert figure.caption.endswith("Outside the drawn range: baseline:guess (1.00).")
        assert "guess" not in figure.svg
        assert "dotted" not in figure.caption


def test_without_baselines_nothing_is_said_of_them(store: Store, ran):
    ran("rnn", [20.0], 10, 1000)
    ran("lstm", [21.0], 100, 5000)
    panel = panel_of(store)
    assert not any("aseline" in f.caption + f.alt for f in panel.figures)
    assert len(panel.tables[0].rows) == 2
