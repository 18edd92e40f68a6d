"""One run of seconds, in this process, on generated speech: for tests of what happens around training."""

from __future__ import annotations

from pathlib import Path

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.store import Store
from harness.store.query import RunView, metrics, runs
from harness.store.records import MetricRow
from harness.training.execute import execute

WORDS = (
    "task=speech_recognition",
    "task.dataset=tones",
    "task.max_digits=2",
    "task.train_strings=48",
    "task.val_strings=8",
    "task.test_strings=8",
    "task.loader.batch_size=8",
    "model=lstm",
    "model.hidden_size=8",
    "trainer.device=cpu",
    "trainer.embedding_dim=8",
    "trainer.validations=2",
    "trainer.log_every=2",
    "trainer.checkpoint_every_s=3600",
    "trainer.latency_s=0.01",
    "budget=steps:6",
)


def tiny_run(folder: Path, *words: str) -> tuple[RunView, list[MetricRow]]:
    """Train and test with WORDS and more; the run as the store has it, and everything it logged."""
    settings = to_settings(compose([*WORDS, *words]), threads=1)
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        execute(settings, run_plan(settings), store=store, results=folder)
        (view,) = runs(store)
        return view, metrics(store, view.id)
