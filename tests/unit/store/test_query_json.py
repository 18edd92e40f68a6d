"""The JSON of a run, exactly as other programs rely on it."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from harness.bench.big_store import make_big_store
from harness.store import Store, query
from harness.store.engine import to_json
from harness.store.records import RunSummary

SHAPE = {
    "key": str, "sweep": str, "task": str, "dataset": str, "model": str, "seed": int, "status": str,
    "reason": None, "failure": None, "parameters": int, "fixed_parameters": int, "encoder_parameters": int,
    "decoder_parameters": int,
    "primary": {"name": str, "value": float, "unit": str, "higher_is_better": bool, "split": str},
    "metrics": {"test/bleu": float, "val/loss": float},
    "time": {"total_s": float, "train_s": float, "to_target_s": None, "phases": {"forward": float, "data_wait": float}},
    "throughput": {"value": float, "unit": str}, "latency": {"one": {"calls": int, "p50_ms": float}},
    "memory_peak_bytes": int, "environment": str,
    "artifacts": {
        "model": str,
        "specs": None,
        "card": None,
        "samples": None,
        "config": str,
        "predictions": None,
    },
    "memory": {"kind": str, "base_bytes": int, "training_peak_bytes": int},
    "machine": {"load_average_mean": float, "contended": bool},
}  # fmt: skip


def shape(value):
    return (
        {k: shape(v) for k, v in value.items()} if isinstance(value, dict) else (None if value is None else type(value))
    )


def keys(value):
    return (
        {k: keys(v) for k, v in value.items() if k not in ("metrics", "phases", "latency", "memory", "machine")}
        if isinstance(value, dict)
        else None
    )


def test_a_finished_run_has_exactly_the_documented_keys(store, make_plan, environment, summary):
    plan = make_plan()
    store.finish(store.start(plan, environment, owner_pid=os.getpid()), summary, [], [])
    found = query.run_as_json(query.run(store, plan.key))
    assert shape(found) == SHAPE
    assert list(found) == list(SHAPE)
    assert found["primary"] == {
        "name": "bleu", "value": 21.5, "unit": "BLEU", "higher_is_better": True, "split": "test",
    }  # fmt: skip
    json.dumps(found, allow_nan=False)


def test_every_key_is_there_whatever_the_state(store, make_plan, environment, summary):
    store.plan(make_plan("a"))
    store.record_incompatible(make_plan("b"), "reads the future")
    store.fail(store.start(make_plan("c"), environment, owner_pid=os.getpid()), "OSError: full", "", "")
    store.start(make_plan("d"), environment, owner_pid=os.getpid())
    store.finish(store.start(make_plan("e"), environment, owner_pid=os.getpid()), summary, [], [])
    empty = RunSummary({"test/bleu": math.nan}, math.nan, 5, 5, {}, 1.0, 1.0)
    store.finish(store.start(make_plan("f", primary={}), environment, owner_pid=os.getpid()), empty, [], [])
    objects = [query.run_as_json(v) for v in query.runs(store)]
    assert all(keys(o) == keys(SHAPE) for o in objects)
    by_model = {o["model"]: o for o in objects}
    assert {m: o["status"] for m, o in by_model.items()} == {
        "a": "planned", "b": "incompatible", "c": "failed", "d": "running", "e": "finished", "f": "finished",
    }  # fmt: skip
    assert by_model["b"]["reason"] == "reads the future"
    assert by_model["c"]["reason"] == "OSError: full"
    assert by_model["a"]["environment"] is None
    assert by_model["f"]["primary"] == {
        "name": None, "value": None, "unit": None, "higher_is_better": None, "split": "test",
    }  # fmt: skip
    json.dumps(objects, allow_nan=False)


def test_filters(store, make_plan):
    for name, task in (("lstm", "one"), ("rnn", "one"), ("lstm", "two")):
        store.plan(make_plan(name, task=task, key=(name + task).encode().hex().ljust(64, "0")))
    assert [v.model for v in query.runs(store, task="one")] == ["lstm", "rnn"]
    assert [v.task for v in query.runs(store, model="lstm")] == ["one", "two"]
    assert query.runs(store, status="finished") == []


def test_json_columns_never_hold_what_json_does_not_know():
    np = pytest.importorskip("numpy")
    value = {
        "a": math.nan,
        "b": [math.inf, 1],
        3: np.float32(0.5),
        "c": np.arange(2),
        "d": Path("x"),
        "e": (True, None),
    }
    assert json.loads(to_json(value)) == {
        "a": None, "b": [None, 1], "3": 0.5, "c": [0, 1], "d": "x", "e": [True, None],
    }  # fmt: skip


def test_the_records_import_without_the_database(tmp_path):
    import subprocess
    import sys

    code = "import harness.store.records, sys; sys.exit('sqlalchemy' in sys.modules or 'torch' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0


def test_a_brief_list_says_the_same_in_json(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/big.db"
    make_big_store(url, runs=60, rows=600)
    with Store.open(url) as store:
        whole, brief = query.runs(store), query.runs(store, brief=True)
        assert [query.run_as_json(run) for run in brief] == [query.run_as_json(run) for run in whole]
        assert any(run.config for run in whole)
        assert not any(run.config for run in brief)
        chosen = query.runs(store, sweep=whole[0].sweep, status="finished", brief=True)
        assert [run.key for run in chosen] == [
            run.key for run in query.runs(store, sweep=whole[0].sweep, status="finished")
        ]
