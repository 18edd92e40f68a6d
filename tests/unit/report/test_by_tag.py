"""The panel of tags: F1 of each from the confusion matrices of the seeds, for targets that are divided by tag."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from harness.report import by_tag
from harness.report.load import load
from harness.report.panels import PanelContext
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary

TAGS = ["O", "B-PER", "I-PER", "never"]


@pytest.fixture
def tagged(store: Store, made_up: Any) -> Any:
    """Enter a finished run whose answers are these counts, actual tag in rows."""

    def enter(matrix: Any, model: str = "lstm", seed: int = 0, parts: str = "tag") -> None:
        plan = made_up.plan("translation", model, seed)
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        charts = {"parts": parts, "confusion": {"labels": TAGS, "matrix": np.asarray(matrix).tolist()}}
        name = plan.primary["name"]
        summary = RunSummary({f"test/{name}": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0, charts=charts)
        store.finish(run_id, summary, [PredictionRow("a", "", "O", "O", {name: {"n": 1}})], [])

    return enter


def panels_of(store: Store) -> list[Any]:
    data = load(store)
    colours = {name: i for i, name in enumerate(data.models)}
    return by_tag.panels(PanelContext.judged(store, data.comparisons[0], "tags", colours))


def test_f1_of_each_tag_is_scikit_learns(store: Store, tagged: Any) -> None:
    one, two = (np.random.default_rng(s).integers(1, 9, (4, 4)) for s in (0, 1))
    for matrix in (one, two):
        matrix[3], matrix[:, 3] = 0, 0
    tagged(one, seed=0)
    tagged(two, seed=1)
    (panel,) = panels_of(store)
    (table,) = panel.tables
    found = {row.header.text: row.cells[1].value for row in table.rows}
    expected = []
    for matrix in (one, two):
        actual, predicted = np.nonzero(matrix)
        counts = matrix[actual, predicted]
        expected.append(f1_score(actual, predicted, average=None, sample_weight=counts))
    assert "never" not in found
    assert panel.text[-1] == "Left out, since no test position has them: never."
    for k, tag in enumerate(TAGS[:3]):
        assert found[tag] == pytest.approx(100 * np.mean([values[k] for values in expected]))
    assert [row.cells[0].value for row in table.rows] == sorted((int(n) for n in one.sum(1)[:3]), reverse=True)


def test_the_table_has_all_tags_where_the_figure_cannot(store: Store, tagged: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(by_tag, "_MOST_TAGS", 2)
    tagged(np.diag([5, 3, 1, 1]))
    (panel,) = panels_of(store)
    assert [row.header.text for row in panel.tables[0].rows] == TAGS
    assert "The figure shows the 2 most frequent of 4 tags, the table all." in panel.text


def test_other_targets_have_no_such_panel(store: Store, tagged: Any) -> None:
    tagged(np.eye(4, dtype=int), parts="class")
    assert panels_of(store) == []
