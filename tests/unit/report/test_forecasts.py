"""Forecasts as they are drawn: the windows that all models have, and charts that are not as they should be."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from harness.report import forecasts
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.store import Store
from harness.store.records import RunSummary


def chart(forecast: list[list[float]], quantiles: list[float], window: str = "w1") -> dict[str, Any]:
    one = {"name": "heat", "unit": "°C", "past": [1.0, 2.0], "truth": [3.0, 4.0], "forecast": forecast}
    return {"forecasts": {"quantiles": quantiles, "windows": [{"id": window, "variables": [one]}]}}


def panels_of(store: Store, made_up: Any, charts: dict[str, Any]) -> list[Panel]:
    for model, drawn in charts.items():
        run_id = store.start(
            replace(made_up.plan("translation", model, 0), task="t"), made_up.here, owner_pid=os.getpid()
        )
        store.finish(run_id, RunSummary({"test/bleu": 1.0}, 1.0, 1, 1, {}, 2.0, 1.0, charts=drawn), [], [])
    data = load(store)
    colours = {label: i for i, label in enumerate(data.models)}
    return forecasts.panels(PanelContext.judged(store, data.comparisons[0], "f", colours))


def test_points_and_quantiles_are_drawn_together(store: Store, made_up):
    given = {
        "lstm": chart([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [0.1, 0.5, 0.9]),
        "rnn": chart([[5.0], [6.0]], []),
    }
    (panel,) = panels_of(store, made_up, given)
    (choice,) = panel.choices
    (figure,) = choice.figures.values()
    assert "lstm: 3." in figure.alt
    assert "rnn: 6." in figure.alt
    assert figure.svg.startswith("<?xml")
    assert "from quantile 0.1 to 0.9" in panel.text[0]


@pytest.mark.parametrize(
    "drawn",
    [
        {},
        {"forecasts": 3},
        {"forecasts": {"quantiles": [], "windows": [{"id": "a"}]}},
        chart([[1.0]], []),
        chart([[1.0, 2.0], [1.0, 2.0]], [0.5]),
        chart([[float("nan")], [1.0]], []),
    ],
)
def test_charts_that_are_none_make_no_panel(store: Store, made_up, drawn: dict[str, Any]):
    assert panels_of(store, made_up, {"lstm": drawn}) == []
