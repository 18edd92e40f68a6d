"""`harness clean`: what it removes, what it keeps, and what it says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from harness.data.cache import build_once, cache_dir
from harness.store import Store, query
from harness.store.engine import results_folder
from harness.store.records import EnvironmentRecord, PredictionRow, RunPlan, RunSummary

HERE = EnvironmentRecord("h", {"threads": 1})
PRIMARY = {"name": "accuracy", "unit": "%", "higher_is_better": True}
VALIDATED = {"a": 70.0, "b": 80.0}  # the better on validation data is the worse on test data
TESTED = {"a": 75.0, "b": 60.0}


def _plan(key: str, sweep: str = "s") -> RunPlan:
    units = {"accuracy": PRIMARY | {"signature": ""}}
    return RunPlan(key * 64, sweep, "actions", "clips", "lstm", 0, {"seed": 0}, primary=PRIMARY, units=units)


def _folder(key: str) -> Path:
    return results_folder() / "runs" / (key * 64)


def _with_files(key: str, *names: str) -> None:
    _folder(key).mkdir(parents=True)
    for name in names:
        (_folder(key) / name).write_bytes(b"x" * 1500)


@pytest.fixture(autouse=True)
def filled() -> None:
    """Two finished runs with models, one that failed with checkpoints, and in another sweep one that runs."""
    with Store.open() as store:
        for key in ("a", "b"):
            chosen = {"chosen_by": "val/accuracy", "step": 1, "value": VALIDATED[key]}
            summary = RunSummary({"test/accuracy": TESTED[key]}, TESTED[key], 1, 1, {}, 1, 1, checkpoint=chosen)
            row = PredictionRow("1", "x", "y", "y", {})
            store.finish(store.start(_plan(key), HERE, owner_pid=1), summary, [row], [])
            _with_files(key, "specs.json", "model.safetensors", "predictions.jsonl")
        store.fail(store.start(_plan("c"), HERE, owner_pid=1), "it broke", "", "")
        _with_files("c", "last.ckpt", "best.ckpt", "log.txt")
        store.start(_plan("d", "other"), HERE, owner_pid=os.getpid())
        _with_files("d", "last.ckpt")


def _left() -> dict[str, list[str]]:
    """Files by the first letter of their run's key."""
    folders = (results_folder() / "runs").iterdir()
    return {folder.name[0]: sorted(p.name for p in folder.iterdir() if p.name != "lock") for folder in folders}


def _keys() -> str:
    with Store.open() as store:
        return "".join(sorted(view.key[0] for view in query.runs(store)))


def test_checkpoints_go_but_those_of_a_running_run(harness: Any) -> None:
    code, out, err = harness("clean", "checkpoints")
    assert (code, err) == (0, "")
    assert "3.0 kB removed." in out
    assert _left()["c"] == ["log.txt"]
    assert _left()["d"] == ["last.ckpt"]
    assert _keys() == "abcd"


def test_of_models_the_best_on_validation_data_stays(harness: Any) -> None:
    assert harness("clean", "models")[0] == 0
    assert _left()["a"] == ["predictions.jsonl"]
    assert _left()["b"] == ["model.safetensors", "predictions.jsonl", "specs.json"]
    assert harness("clean", "models", "--keep", "none")[0] == 0
    assert _left()["b"] == ["predictions.jsonl"]
    with Store.open() as store:
        assert [len(query.predictions(store, view.id)) for view in query.runs(store, status="finished")] == [1, 1]


def test_runs_that_reports_rest_on_stay_unless_forced(harness: Any) -> None:
    code, out, _ = harness("clean", "runs")
    assert code == 0
    assert "Finished runs that stay: 2" in out
    assert _keys() == "abd"
    assert sorted(_left()) == ["a", "b", "d"]
    assert harness("clean", "runs", "--force")[0] == 0
    assert _keys() == "d"
    assert sorted(_left()) == ["d"]
    with Store.open() as store:
        assert [view.name for view in query.sweeps(store)] == ["other"]


def test_nothing_is_removed_in_a_dry_run(harness: Any) -> None:
    before = _left()
    _, out, _ = harness("clean", "checkpoints", "models", "runs", "--keep", "none", "--force", "--dry-run")
    assert "would be removed; nothing was" in out
    assert (_left(), _keys()) == (before, "abcd")


def test_a_sweep_and_an_age_narrow_it(harness: Any) -> None:
    assert "There is nothing to remove." in harness("clean", "checkpoints", "--sweep", "other")[1]
    assert "There is nothing to remove." in harness("clean", "checkpoints", "--older-than", "1h")[1]
    assert _left()["c"] == ["best.ckpt", "last.ckpt", "log.txt"]


def test_what_another_process_uses_stays(harness: Any) -> None:
    with FileLock(_folder("c") / "lock"):
        _, out, _ = harness("clean", "runs")
    assert "In use, so not removed: 1." in out
    assert _keys() == "abcd"


def test_a_run_of_another_environment_keeps_its_folder(harness: Any) -> None:
    with Store.open() as store:
        summary = RunSummary({"test/accuracy": 1.0}, 1.0, 1, 1, {}, 1, 1)
        store.finish(store.start(_plan("c"), EnvironmentRecord("e", {"threads": 2}), owner_pid=1), summary, [], [])
    harness("clean", "runs")
    assert "c" in _left()
    assert _keys() == "abcd"  # the row that failed went, the other stays


@pytest.fixture
def prepared() -> Callable[[], list[str]]:
    """Prepared data, one of it old; what is left of it."""
    for name in ("old", "new"):
        build_once(cache_dir() / "text" / name, lambda folder: (folder / "file").write_text("x"))
    for file in (cache_dir() / "text" / "old").iterdir():
        os.utime(file, (time.time() - 1e6,) * 2)
    (cache_dir() / "text" / ".gone.partial-123").mkdir()
    return lambda: sorted(path.name for path in (cache_dir() / "text").iterdir() if path.suffix != ".lock")


def test_prepared_data_goes_by_age(harness: Any, prepared: Callable[[], list[str]]) -> None:
    assert harness("clean", "data", "--older-than", "7d")[0] == 0
    assert prepared() == [".gone.partial-123", "new"]
    assert harness("clean", "data")[0] == 0
    assert prepared() == []


def test_data_that_is_being_prepared_stays(harness: Any, prepared: Callable[[], list[str]]) -> None:
    with FileLock(cache_dir() / "text" / ".gone.lock"), FileLock(cache_dir() / "text" / ".new.lock"):
        assert "In use, so not removed: 2." in harness("clean", "data")[1]
    assert prepared() == [".gone.partial-123", "new"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "WHAT"),
        (("everything",), "everything"),
        (("runs", "--older-than", "soon"), "--older-than 'soon' is neither a date nor an age"),
        (("data", "--sweep", "s"), "prepared data belongs to no sweep"),
        (("runs", "--sweep", "nowhere"), "nowhere"),
    ],
    ids=["nothing", "unknown", "age", "data of a sweep", "unknown sweep"],
)
def test_what_cannot_be_meant_is_said(harness: Any, words: tuple[str, ...], said: str) -> None:
    code, _, err = harness("clean", *words)
    assert code == 2
    assert said in " ".join(err.split())
