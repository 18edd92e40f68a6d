"""Metric rows reach the store from a thread, in order, whatever the store does meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.store import Store
from harness.store.query import metrics
from harness.store.records import EnvironmentRecord, MetricRow, RunPlan
from harness.training.metric_writer import MetricWriter

PLAN = RunPlan("k" * 64, "s", "t", "d", "m", 0, {})


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def _row(step: int, value: float = 1.0) -> MetricRow:
    return MetricRow("train/loss", step, value, 0.0, step, 0.0)


def _start(store: Store) -> int:
    return store.start(PLAN, EnvironmentRecord("e", {}), owner_pid=1)


def test_rows_are_there_after_a_flush_and_after_the_end(url: str) -> None:
    with Store.open(url) as store:
        run_id = _start(store)
        with MetricWriter(store, run_id) as writer:
            writer.put([_row(1), _row(2)])
            writer.flush()
            assert [row.step for row in metrics(store, run_id)] == [1, 2]
            writer.put([_row(3)])
        assert [row.step for row in metrics(store, run_id)] == [1, 2, 3]


def test_rows_that_cannot_be_written_are_told_at_the_flush_and_kept(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(url) as store:
        run_id = _start(store)
        with MetricWriter(store, run_id) as writer:
            with monkeypatch.context() as patch:

                def full(*_: Any) -> None:
                    raise StoreError("the disk is full")

                patch.setattr(Store, "log_metrics", full)
                writer.put([_row(1)])
                with pytest.raises(StoreError, match="disk is full"):
                    writer.flush()
            writer.put([_row(2)])
            writer.flush()
        assert [row.step for row in metrics(store, run_id)] == [1, 2]


def test_a_failing_run_keeps_its_own_error_and_the_rows_before_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(url) as store:
        run_id = _start(store)
        with pytest.raises(ZeroDivisionError), MetricWriter(store, run_id) as writer:  # noqa: PT012
            writer.put([_row(1)])
            raise ZeroDivisionError
        assert [row.step for row in metrics(store, run_id)] == [1]


def test_the_thread_writes_and_beats_of_itself(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.training import metric_writer

    monkeypatch.setattr(metric_writer, "WRITE_EVERY_S", 0.01)
    monkeypatch.setattr(metric_writer, "HEARTBEAT_S", 0.0)
    beats = []
    monkeypatch.setattr(Store, "heartbeat", lambda self, run_id: beats.append(run_id))
    with Store.open(url) as store:
        run_id = _start(store)
        with MetricWriter(store, run_id) as writer:
            writer.put([_row(1)])
            while not (beats and metrics(store, run_id)):
                pass
    assert set(beats) == {run_id}
