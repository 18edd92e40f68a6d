"""Runs are ranked by what they chose their weights by, on validation data."""

from __future__ import annotations

import pytest

from harness.store import Store
from harness.store.query import runs
from harness.store.records import EnvironmentRecord, RunPlan, RunSummary

HERE = EnvironmentRecord("h", {"threads": 1})


@pytest.mark.parametrize(
    ("chosen_by", "higher", "values", "order"),
    [
        ("val/accuracy", True, {0: 70.0, 1: 80.0, 2: 75.0}, [1, 2, 0]),
        ("val/wer", False, {0: 7.0, 1: 8.0, 2: 7.5}, [0, 2, 1]),
        ("val/loss", True, {0: 0.3, 1: 0.1, 2: 0.2}, [1, 2, 0]),  # a loss is better low, whatever the metric
        ("val/accuracy", True, {0: None, 1: 10.0, 2: None}, [1, 0, 2]),
    ],
    ids=["accuracy", "error rate", "loss", "unknown"],
)
def test_the_order_is_that_of_validation(
    chosen_by: str, higher: bool, values: dict[int, float | None], order: list[int]
) -> None:
    name = "wer" if chosen_by == "val/wer" else "accuracy"
    primary = {"name": name, "unit": "%", "higher_is_better": higher}
    with Store.open() as store:
        for seed, value in values.items():
            plan = RunPlan(
                f"{seed}" * 64, "s", "task", "data", "lstm", seed, {}, primary=primary, units={name: primary}
            )
            checkpoint = {} if value is None else {"chosen_by": chosen_by, "step": 1, "value": value}
            tested = 100.0 - seed if higher else float(seed)  # the test says otherwise
            summary = RunSummary({f"test/{name}": tested}, tested, 1, 1, {}, 1, 1, checkpoint=checkpoint)
            store.finish(store.start(plan, HERE, owner_pid=1), summary, [], [])
        ranked = sorted(runs(store), key=lambda view: view.validation_rank)
    assert [view.seed for view in ranked] == order
