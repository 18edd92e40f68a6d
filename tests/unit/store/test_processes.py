"""Several processes on one store: nothing is lost, and a killed writer harms nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from harness.store import Store, query

WORKER = """
import os, sys
from harness.store import Store
from harness.store.records import EnvironmentRecord, MetricRow, RunPlan, RunSummary, PredictionRow

url, number, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
environment = EnvironmentRecord("e" * 64, {"processor": "made up"})
with Store.open(url) as store:
    shared = RunPlan(key="f" * 64, sweep="both", task="t", dataset="d", model="shared", seed=0, config={})
    store.plan(shared)
    plan = RunPlan(key=f"{number:064x}", sweep="both", task="t", dataset="d", model="m", seed=number, config={})
    store.plan(plan)
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    for step in range(steps):
        store.log_metrics(run_id, [MetricRow("train/loss", step, 1.0, 0.0, step, 0.1)])
        print(step, flush=True)
    rows = [PredictionRow(str(i), "", "", "x", {}) for i in range(20)]
    store.finish(run_id, RunSummary({"test/m": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0), rows, [])
"""


def start_worker(url: str, number: int, steps: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(number), str(steps)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_eight_processes_lose_nothing(url: str):
    workers = [start_worker(url, i, 40) for i in range(8)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
    with Store.open(url, create=False) as store:
        views = query.runs(store, sweep="both")
        assert sorted(v.seed for v in views if v.model == "m") == list(range(8))
        assert [v.status for v in views if v.model == "shared"] == ["planned"]
        for view in views:
            if view.model == "m":
                assert view.status == "finished"
                assert len(query.metrics(store, view.id)) == 40
                assert len(query.predictions(store, view.id)) == 20


def test_a_killed_writer_loses_nothing_that_was_acknowledged(url: str, tmp_path: Path):
    worker = start_worker(url, 3, 100_000)
    assert worker.stdout is not None
    acknowledged = -1
    while acknowledged < 50:
        acknowledged = int(worker.stdout.readline())
    worker.send_signal(signal.SIGKILL)
    rest, _ = worker.communicate(timeout=60)
    lines = [int(line) for line in rest.splitlines() if line]
    acknowledged = max([acknowledged, *lines[:-1]])  # the last line may have been cut short
    with Store.open(url) as store:
        view = next(v for v in query.runs(store) if v.model == "m")
        assert view.status == "interrupted"
        steps = [m.step for m in query.metrics(store, view.id)]
        assert steps == list(range(len(steps)))
        assert len(steps) > acknowledged
