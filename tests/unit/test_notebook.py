"""The functions for notebooks: tidy frames with documented columns, and a run that prints nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import harness
from harness import notebook
from harness.errors import ConfigError, IncompatibleError, StoreError, UnknownNameError, UserError
from harness.store import Store, query
from harness.store.records import EnvironmentRecord, MetricRow, RunPlan, RunSummary

HERE = EnvironmentRecord("e" * 64, {"processor": "made up"})
SMALL = ("task=speech_recognition", "task.dataset=tones", "task.max_digits=2", "task.train_strings=16",
         "task.val_strings=4", "task.test_strings=4", "model=lstm", "model.hidden_size=16", "trainer.embedding_dim=16",
         "budget=steps:3", "trainer.validations=1")  # fmt: skip


def plan(model: str, seed: int = 0, **more: Any) -> RunPlan:
    values: dict[str, Any] = {
        "key": hashlib.sha256(f"{model} {seed}".encode()).hexdigest(),
        "sweep": "quick",
        "task": "translation",
        "dataset": "strings",
        "model": model,
        "seed": seed,
        "config": {"optimizer": {"lr": 0.01 * (seed + 1)}, "target": None},
        "primary": {"name": "bleu", "unit": "BLEU", "higher_is_better": True},
        "units": {"bleu": {"unit": "BLEU", "higher_is_better": True}, "loss": {"higher_is_better": False}},
    }
    return RunPlan(**{**values, **more})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/results/store.db") as opened:
        for model, seed in (("rnn", 0), ("lstm", 0), ("lstm", 1)):
            run_id = opened.start(plan(model, seed), HERE, owner_pid=os.getpid())
            rows = [MetricRow("val/loss", s, 5.0 - s + seed, s / 4, 8 * s, 0.5 * s) for s in (2, 4)]
            opened.log_metrics(run_id, [*rows, MetricRow("train/loss", 1, float("nan"), 0.25, 8, 0.25)])
            summary = RunSummary(
                {"test/bleu": 20.0 + seed, "val/loss": 1.0 + seed}, 20.0 + seed, 1000, 900, {}, 3.0, 2.0,
                memory={"kind": "pss", "training_peak_bytes": 5000}, machine={"contended": True, "waiting_share": 0.5},
            )  # fmt: skip
            opened.finish(run_id, summary, [], [])
        opened.plan(plan("lstm", 2))
        opened.record_incompatible(plan("bilstm", sweep="other"), "not causal")
        yield opened


def test_runs_are_one_row_each_with_the_documented_columns(store: Store):
    frame = harness.runs()
    assert list(frame) == list(notebook.RUN_COLUMNS)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: kind for name, (kind, _, _) in notebook.RUN_COLUMNS.items()
    }
    assert frame["model"].tolist() == ["rnn", "lstm", "lstm", "lstm", "bilstm"]
    assert frame["value"].dropna().tolist() == [20.0, 20.0, 21.0]
    first, planned, refused = frame.iloc[0], frame.iloc[3], frame.iloc[4]
    assert (first["metric"], first["unit"], first["split"], first["parameters"]) == ("bleu", "BLEU", "test", 1000)
    assert (first["contended"], first["training_peak_bytes"], first["waiting_share"]) == (True, 5000, 0.5)
    assert first["ended_at"] >= first["started_at"] > pd.Timestamp("2020-01-01", tz="UTC")
    assert planned[["value", "train_s", "throughput", "energy_j", "environment", "started_at"]].isna().all()
    assert (refused["status"], refused["reason"]) == ("incompatible", "not causal")


def test_runs_are_filtered_and_get_columns_for_settings(store: Store):
    frame = harness.runs(store, sweep="quick", model="lstm", status="finished", settings=["optimizer.lr", "target"])
    assert frame["optimizer.lr"].tolist() == [0.01, 0.02]
    assert frame["target"].isna().all()
    assert frame.groupby("model")["value"].mean().loc["lstm"] == 20.5
    assert query.runs(store)  # a store that was given open stays open
    with pytest.raises(UnknownNameError, match=r"no setting named 'optimiser.lr'.*'optimizer.lr'"):
        harness.runs(store, settings=["optimiser.lr"])
    with pytest.raises(UnknownNameError, match="no sweep named 'quik'"):
        harness.runs(store, sweep="quik")


def test_metrics_are_one_row_a_value(store: Store):
    frame = harness.metrics()
    assert list(frame) == list(notebook.METRIC_COLUMNS)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: kind for name, (kind, _, _) in notebook.METRIC_COLUMNS.items()
    }
    assert len(frame) == 9
    assert frame["value"].isna().sum() == 3
    curve = harness.metrics(store, model="lstm", name="val/loss")
    assert curve[["seed", "split", "metric", "step", "value", "seconds", "examples"]].to_numpy().tolist() == [
        [0, "val", "loss", 2, 3.0, 1.0, 16], [0, "val", "loss", 4, 1.0, 2.0, 32],
        [1, "val", "loss", 2, 4.0, 1.0, 16], [1, "val", "loss", 4, 2.0, 2.0, 32],
    ]  # fmt: skip
    assert curve["higher_is_better"].tolist() == [False] * 4
    assert curve["unit"].isna().all()


def test_final_values_have_no_step(store: Store):
    frame = harness.metrics(store, final=True, name=["test/bleu"])
    assert frame["value"].tolist() == [20.0, 20.0, 21.0]
    assert frame["unit"].tolist() == ["BLEU"] * 3
    assert frame[["step", "examples", "seconds"]].isna().all().all()


def test_a_store_without_values_gives_an_empty_frame(tmp_path: Path):
    file = tmp_path / "empty.db"
    Store.open(f"sqlite:///{file}").close()
    assert list(harness.runs(file)) == list(notebook.RUN_COLUMNS)
    assert list(harness.metrics(file)) == list(notebook.METRIC_COLUMNS)
    assert len(harness.runs(str(file))) == len(harness.metrics(f"sqlite:///{file}", final=True)) == 0


def test_a_store_that_is_not_there_is_one_message(tmp_path: Path):
    with pytest.raises(StoreError, match="no results store"):
        harness.runs(tmp_path / "none.db")


def test_a_run_returns_its_row_and_prints_nothing(tmp_path: Path, capfd, monkeypatch):
    at_the_end: list[str] = []
    finish = Store.finish

    def finished(*args: Any) -> None:
        at_the_end.extend(thread.name for thread in threading.enumerate())
        finish(*args)

    monkeypatch.setattr(Store, "finish", finished)
    frame = harness.run([*SMALL, "seed=3"])
    assert capfd.readouterr() == ("", "")
    assert at_the_end
    assert "metric-writer" not in at_the_end  # a heartbeat after the end would be refused, with a traceback
    assert frame[["task", "model", "seed", "status", "attempts"]].to_numpy().tolist() == [
        ["speech_recognition", "lstm", 3, "finished", 1]
    ]
    assert list(frame) == list(notebook.RUN_COLUMNS)
    again = harness.run([*SMALL, "seed=3"])
    assert again["attempts"].item() == 1  # it was finished
    assert again["key"].item() == harness.runs()["key"].item()


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["model=lsmt"], UserError, "lsmt.*lstm"),
        (["task=text_generation", "model=bilstm"], IncompatibleError, "must be causal"),
        (["experiment=quickstart"], ConfigError, "is a grid of"),
    ],
)
def test_a_wrong_word_raises_what_the_command_says(words, error, message):
    with pytest.raises(error, match=message):
        harness.run(words)


def test_the_package_of_metrics_is_the_function_too():
    code = """
import sys
import harness
assert "pandas" not in sys.modules and "sqlalchemy" not in sys.modules
assert harness.metrics.__name__ == "harness.metrics"
from harness.metrics import classification
import harness.metrics.translation
assert harness.metrics.classification is classification
assert callable(harness.metrics) and callable(harness.run) and callable(harness.runs)
assert "pandas" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_names_every_column_with_its_unit():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "notebooks.md").read_text(encoding="utf-8")
    for columns in (notebook.RUN_COLUMNS, notebook.METRIC_COLUMNS):
        for name, (_, unit, meaning) in columns.items():
            assert f"| `{name}` | {unit} | {meaning} |" in page
