"""Quality against cost: who is on the front, in words and in numbers, and when a figure would say nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.report.costs import panels as cost_panels
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.store import Store
from harness.store.records import RunSummary

CLOSE = (-0.1, 0.0, 0.1)
"""Offsets of three seeds that agree: the interval of their mean is ± 0.25."""


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
        contended: bool | tuple[bool, ...] = False,
        budget: str = "epochs:3",
        kind: str = "model",
        fixed: int = 0,
        latency: float | None = None,
        memory: float | None = None,
        target: tuple[float | None, ...] = (),
    ) -> None:
        for seed, value in enumerate(values):
            plan = made_up.plan(task, model, seed, budget=budget, kind=kind)
            if target:
                plan = replace(plan, config=plan.config | {"target": "bleu:9"})
            run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
            one = {"examples": 1, "calls": 40, "p50_ms": latency, "p95_ms": 9.0}
            batch = {"examples": 64, "calls": 9, "p50_ms": 70.0, "p95_ms": 80.0}
            summary = RunSummary(
                {f"test/{plan.primary['name']}": value}, value, parameters, parameters, {}, train_s + 5,
                train_s + 0.01 * seed, fixed_parameters=fixed,
                machine={"contended": contended[seed] if isinstance(contended, tuple) else contended},
                details={} if latency is None else {"latency": {"one": one, "batch": batch}},
                memory={} if memory is None else {"training_peak_bytes": 2 * memory, "evaluation_peak_bytes": memory},
                to_target_s=target[seed] if target else None,
            )  # fmt: skip
            store.finish(run_id, summary, [], [])

    return enter


def around(value: float) -> list[float]:
    return [value + off for off in CLOSE]


def panel_of(store: Store) -> Panel:
    data = load(store)
    colours = {label: i for i, label in enumerate(data.models)}
    (panel,) = cost_panels.panels(PanelContext.judged(store, data.comparisons[0], "t-cost", colours))
    return panel


def rows_of(panel: Panel, number: int = 0) -> dict[str, dict[str, Any]]:
    table = panel.tables[number]
    titles = [c.title for c in table.columns]
    return {row.header.text: dict(zip(titles, row.cells, strict=True)) for row in table.rows}


def test_a_model_is_beaten_by_one_that_is_better_and_cheaper(store: Store, ran):
    ran("rnn", around(10), 10, 1000)
    ran("lstm", around(20), 100, 5000)
    ran("bilstm", around(19), 200, 4000)
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-time", "t-cost-by-parameters"]
    assert panel.text[0] == "Beaten for training time, by a better model that is faster to train: bilstm (by lstm)."
    assert panel.text[1] == "For parameters, no model is beaten: none is both better beyond noise and smaller."
    assert "shown to be better and costs less" in panel.text[2]
    assert "Beaten: bilstm." in panel.figures[0].alt
    assert "towards the upper left" in panel.figures[0].caption
    assert [rows_of(panel)[m]["beaten for"].text for m in ("rnn", "lstm", "bilstm")] == [
        "–",
        "–",
        "training time (lstm)",
    ]


def test_nobody_is_beaten_within_noise(store: Store, ran):
    """lstm has the better and the cheaper mean, but its seeds say nothing about the next ones."""
    ran("lstm", [20.0, 26.0, 23.0], 100, 5000)
    ran("bilstm", [19.0, 22.0, 25.0], 200, 5001)
    assert "no model is beaten" in panel_of(store).text[0]


def test_nobody_is_beaten_with_one_seed(store: Store, ran):
    ran("lstm", [20.0], 100, 5000)
    ran("bilstm", [10.0], 200, 9000)
    panel = panel_of(store)
    assert "Beaten" not in " ".join(panel.text)
    assert panel.text[-1] == "No model is shown to be better than another, so none is called beaten at any cost."


def test_costs_that_overlap_beat_nobody(store: Store, ran, made_up):
    ran("lstm", around(20), 100, latency=4.0)
    ran("rnn", around(10), 100.001, latency=4.5)
    panel = panel_of(store)
    assert panel.text[0].startswith("For training time, no model is beaten")
    assert "Beaten for latency, by a better model that is quicker to answer: rnn (by lstm)." in panel.text


def test_the_table_holds_what_the_figures_show(store: Store, ran):
    ran("rnn", [10.0, 12.0], 10, 1000)
    ran("lstm", [20.0, 22.0], 100, 5000, latency=3.0, memory=7e6)
    rows = rows_of(panel_of(store))
    assert rows["lstm"]["BLEU"].value == 21.0
    assert rows["lstm"]["BLEU"].half_width == pytest.approx(12.706, abs=1e-3)  # t(0.975, 1) x sqrt(2) / sqrt(2)
    assert rows["lstm"]["training time"].value == pytest.approx(100.005)
    assert rows["lstm"]["training time"].half_width == pytest.approx(0.0635, abs=1e-4)
    assert rows["lstm"]["parameters"].value == 5000
    assert (rows["lstm"]["training memory"].text, rows["lstm"]["inference memory"].text) == ("14.0 MB", "7.00 MB")
    assert (rows["lstm"]["latency"].text, rows["lstm"]["latency"].note) == ("3.00 ms", "95 % within 9.00 ms")
    assert rows["lstm"]["latency of a batch"].text == "70.0 ms"
    assert (rows["rnn"]["latency"].text, rows["rnn"]["latency"].hidden) == ("–", "not measured")


def test_fixed_weights_count_in_the_size_that_a_model_is_beaten_for(store: Store, ran):
    """An echo-state network trains 1,540 weights and needs a million."""
    ran("echo_state", around(15), 10, 1_001_540, fixed=1_000_000)
    ran("lstm", around(20), 100, 50_000)
    panel = panel_of(store)
    rows = rows_of(panel)
    assert (rows["echo_state"]["parameters"].text, rows["echo_state"]["parameters"].value) == (
        "1.54 k trained + 1.00 M fixed",
        1_001_540,
    )
    assert [rows[m]["beaten for"].text for m in ("echo_state", "lstm")] == ["parameters (lstm)", "–"]
    assert "echo_state: 1.54 k trained + 1.00 M fixed parameters" in panel.figures[1].alt


def test_lower_is_better_where_the_task_says_so(store: Store, ran):
    ran("rnn", around(5), 10, 1000, task="speech_recognition")
    ran("lstm", around(9), 20, 2000, task="speech_recognition")
    assert panel_of(store).text[0] == (
        "Beaten for training time, by a better model that is faster to train: lstm (by rnn)."
    )


def test_latency_and_memory_are_drawn_where_models_differ(store: Store, ran):
    ran("rnn", around(10), latency=2.0, memory=1e6)
    ran("lstm", around(20), 20, latency=5.0, memory=1.05e6)
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-time", "t-cost-by-latency"]
    assert "The models differ by less than 10 % in inference memory, which is not drawn." in panel.text
    assert "lstm: 5.00 ms" in panel.figures[1].alt


def test_a_budget_in_seconds_says_nothing_of_training_time(store: Store, ran):
    ran("rnn", [10.0], 30, 1000, budget="seconds:30")
    ran("lstm", [20.0], 31, 5000, budget="seconds:30")
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-parameters"]
    assert "every model trained equally long" in panel.text[0]


def test_matched_parameters_are_not_drawn_as_a_cost(store: Store, ran):
    ran("rnn", [10.0], 10, 100_000)
    ran("lstm", [20.0], 99, 101_000)
    panel = panel_of(store)
    assert [f.name for f in panel.figures] == ["t-cost-by-time"]
    assert "the same number of parameters, 100 k, within 2 %" in panel.text[1]


def test_times_of_contended_runs_are_on_no_front(store: Store, ran):
    """lstm would beat rnn in time, if its times could be believed."""
    ran("rnn", around(10), 99, 1000)
    ran("lstm", around(20), 10, 5000, contended=True)
    ran("bilstm", around(30), 200, 9000, contended=(True, False, False))
    panel = panel_of(store)
    by_time, by_size = panel.figures
    assert panel.text[0] == (
        "For training time, no model is beaten: none is both better beyond noise and faster to train. "
        "Not ranked by training time: lstm (all runs contended)."
    )
    assert by_time.caption.endswith("hollow: contended, not ranked.")
    assert "hollow" not in by_size.caption
    assert by_time.svg.count("fill: #ffffff") == by_size.svg.count("fill: #ffffff") + 1
    assert "4 runs shared their machine with other work (contended)" in panel.text[-1]
    rows = rows_of(panel)
    assert [rows[m]["contended runs"].text for m in ("lstm", "rnn", "bilstm")] == ["3 of 3", "0 of 3", "1 of 3"]
    assert rows["lstm"]["training time"].note == "contended, not ranked"
    assert rows["bilstm"]["training time"].note == "over 2 of 3 runs, the others were contended"
    assert rows["rnn"]["training time"].note == ""


def test_an_unstable_model_beats_nobody(store: Store, ran, made_up):
    ran("rnn", around(10), 99, 1000)
    ran("lstm", around(20), 10, 5000)
    run_id = store.start(made_up.plan("translation", "lstm", 3, budget="epochs:3"), made_up.here, owner_pid=os.getpid())
    store.fail(run_id, "the training loss became nan by step 120", "", "", "diverged")
    assert panel_of(store).text[0] == (
        "For training time, no model is beaten: none is both better beyond noise and faster to train. "
        "Not ranked by training time: lstm (unstable)."
    )


def test_time_to_target_stands_in_a_table_with_those_that_did_not_reach_it(store: Store, ran):
    ran("rnn", around(10), target=(None, None, None))
    ran("lstm", around(20), target=(9.0, None, 5.0), contended=(False, False, True))
    rows = rows_of(panel_of(store), 1)
    assert [c.text for c in rows["rnn"].values()] == [
        "bleu:9", "0 of 3 seeds", "not reached", "0: not reached; 1: not reached; 2: not reached"
    ]  # fmt: skip
    assert [c.text for c in rows["lstm"].values()] == [
        "bleu:9", "2 of 3 seeds", "9.0 s", "0: 9.0 s; 1: not reached; 2: 5.0 s (contended)"
    ]  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_model_without_a_finite_result_takes_no_part(store: Store, ran, value: float):
    ran("rnn", [10.0], 10, 1000)
    ran("lstm", [20.0], 99, 5000)
    ran("bilstm", [value], 1, 1)
    assert set(rows_of(panel_of(store))) == {"rnn", "lstm"}


def test_one_model_is_compared_with_nothing(store: Store, ran):
    ran("rnn", [10.0, 11.0])
    assert cost_panels.panels(PanelContext.judged(store, load(store).comparisons[0], "t-cost", {"rnn": 0})) == []


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
        assert "Beaten" not in figure.alt  # a baseline beats nobody in what it does not cost
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
