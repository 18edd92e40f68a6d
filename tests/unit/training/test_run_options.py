"""Early stopping, targets and what a finished run says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_run import tiny_run

from harness.errors import ConfigError


def test_a_run_stops_early_and_says_so(tmp_path: Path) -> None:
    view, rows = tiny_run(
        tmp_path, "trainer.early_stopping=2", "trainer.val_every=1", "optimizer.lr=1e-30", "budget=steps:50"
    )
    assert view.summary is not None
    # Weights that do not move: the first validation is the best, the second and third bring nothing.
    assert view.summary.details["stopped_early"] is True
    assert view.summary.details["steps"] == 3
    assert view.summary.checkpoint["step"] == 1
    assert max(row.step for row in rows) == 3


def test_without_it_the_whole_budget_is_used(tmp_path: Path) -> None:
    view, _ = tiny_run(tmp_path, "trainer.val_every=1", "optimizer.lr=1e-30")
    assert view.summary is not None
    assert view.summary.details["stopped_early"] is False
    assert view.summary.details["steps"] == 6
    assert view.summary.details["backend"] == "oneDNN"


def test_a_target_that_is_not_reached_is_a_result(tmp_path: Path) -> None:
    view, _ = tiny_run(tmp_path, "target=loss:0.0001")
    assert view.status == "finished"
    assert view.summary is not None
    assert view.summary.to_target_s is None


def test_time_to_target_is_training_time_at_the_validation_that_reached_it(tmp_path: Path) -> None:
    view, rows = tiny_run(tmp_path, "target=loss:1000", "trainer.val_every=2")
    assert view.summary is not None
    (first, *_) = [row for row in rows if row.name == "val/loss"]
    assert view.summary.to_target_s == first.seconds
    assert first.step == 2


def test_patience_that_is_none_is_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="early_stopping=0 must be 1 or more"):
        tiny_run(tmp_path, "trainer.early_stopping=0")


def test_a_finished_run_tells_what_it_cost_and_what_else_the_machine_did(tmp_path: Path) -> None:
    view, _ = tiny_run(tmp_path)
    assert view.summary is not None
    memory, machine = view.summary.memory, view.summary.machine
    assert memory["kind"] in ("pss", "rss")
    assert memory["base_bytes"] > 0
    assert isinstance(machine["contended"], bool)
    assert machine["exclusive"] is False
    assert machine["threads"] == 1
