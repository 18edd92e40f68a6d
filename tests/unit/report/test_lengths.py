"""The panel of length generalisation: scores by length worked out by hand, and models that are undertrained."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.metrics.masked_tagging import ACCURACY, ACCURACY_IN_RANGE, TRAINED
from harness.report import lengths
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary

METRICS = (ACCURACY, ACCURACY_IN_RANGE)
UNITS = {m.name: {"unit": m.unit, "higher_is_better": True, "description": m.description} for m in METRICS}


@pytest.fixture
def ran(store: Store, made_up: Any) -> Callable[..., None]:
    """Enter a finished run with these shares right by length; 4 and 8 are training lengths."""

    def enter(shares: dict[int, float], model: str = "lstm", seed: int = 0, kind: str = "model") -> None:
        plan = made_up.plan("translation", model, seed, kind=kind)
        primary = {"name": "accuracy", **UNITS["accuracy"]}
        plan = replace(plan, task="state_tracking", dataset="parity", primary=primary, units=UNITS, references=[])
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        rows = []
        for length, share in shares.items():
            units = {"length": float(length), ("within" if length <= 8 else "beyond"): 1.0}
            for i in range(20):
                target = np.zeros(length, dtype=np.int64)
                answers = [0] * round(share * length) + [1] * (length - round(share * length))
                name = f"{length}-{i}"
                given = Prediction(name, answers), Example(name, None, target, units=units)
                rows.append(PredictionRow(name, "", "", "", {m.name: dict(m.statistics(*given)) for m in METRICS}))
        values = {f"test/{m.name}": m.aggregate([r.statistics[m.name] for r in rows]) for m in METRICS}
        store.finish(run_id, RunSummary(values, values["test/accuracy"], 1, 1, {}, 2.0, 1.0), rows, [])

    return enter


def panels_of(store: Store) -> list[Panel]:
    data = load(store)
    colours = {name: i for i, name in enumerate(data.models)}
    return lengths.panels(PanelContext.judged(store, data.comparisons[0], "far", colours))


def values_of(panel: Panel, number: int) -> dict[str, dict[str, Any]]:
    table = panel.tables[number]
    titles = [f"{c.title} {c.note}".strip() if number == 0 else c.title for c in table.columns]
    return {r.header.text: dict(zip(titles, [c.value for c in r.cells], strict=True)) for r in table.rows}


def test_lengths_are_scored_apart_and_seeds_stand_side_by_side(store: Store, ran: Callable[..., None]) -> None:
    ran({4: 1.0, 8: 1.0, 16: 0.5, 32: 0.25})
    ran({4: 1.0, 8: 1.0, 16: 1.0, 32: 1.0}, seed=1)
    ran({4: 1.0, 8: 1.0, 16: 0.5, 32: 0.5}, seed=2)
    ran({4: 0.5, 8: 0.75, 16: 0.5, 32: 0.5}, model="rnn")
    ran({4: 0.5, 8: 0.5, 16: 0.5, 32: 0.5}, model="baseline:chance", kind="baseline")
    (panel,) = panels_of(store)
    by_length = values_of(panel, 1)
    beyond = [100 * (0.5 * 16 + 0.25 * 32) / 48, 100.0, 50.0]
    assert by_length["lstm"] == pytest.approx(
        {
            "training lengths": 100.0,
            "test lengths": sum(beyond) / 3,
            "4": 100.0,
            "8": 100.0,
            "16": 200 / 3,
            "32": 175 / 3,
        }
    )
    assert by_length["rnn"]["training lengths"] == pytest.approx(100 * (2 + 6) / 12)
    assert by_length["baseline:chance"]["32"] == 50.0
    by_seeds = values_of(panel, 0)
    assert set(by_seeds) == {"lstm", "rnn"}
    assert by_seeds["lstm"]["test lengths median"] == 50.0
    assert by_seeds["lstm"]["test lengths best"] == 100.0
    assert by_seeds["lstm"]["test lengths worst"] == pytest.approx(beyond[0])
    assert [row.cells[-1].text for row in panel.tables[0].rows] == ["yes", "no: undertrained"]
    assert panel.text[1].startswith("Undertrained: rnn: below 95 % on average at the training lengths.")
    assert "lstm: 100 at lengths 4, 58.3 at 32." in panel.figures[0].alt
    for words in ("length", "accuracy, % (higher is better)", "baseline:chance"):
        assert words in panel.figures[0].svg


def test_tasks_without_lengths_have_no_such_panel(store: Store, made_up: Any) -> None:
    plan = made_up.plan("translation", "lstm", 0)
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    name = plan.primary["name"]
    store.finish(
        run_id,
        RunSummary({f"test/{name}": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0),
        [PredictionRow("a", "", "", "", {name: {"right": 1, "positions": 1}})],
        [],
    )
    assert panels_of(store) == []


def test_what_counts_as_fitted_is_one_figure() -> None:
    assert lengths.TRAINED == TRAINED
