"""A model of another package that asks something of training: run, shown, and seen in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WORDS = (
    *("run", "task=text_generation", "task.dataset=counting", "task.generated_characters=2000", "model=lookahead"),
    *("model.hidden_size=16", "budget=steps:6", "trainer.log_every=2", "trainer.embedding_dim=16", "sweep=own"),
)
SYMBOLS = 7  # of the generated text


def _table(path: Path, seed: int) -> None:
    np.save(path, np.random.default_rng(seed).normal(size=(SYMBOLS, 8)).astype(np.float32))


def test_an_auxiliary_loss_two_groups_and_a_frozen_table_are_seen_wherever_the_run_is(cli: Any) -> None:
    _table(cli.folder / "table.npy", 0)
    shown = " ".join(cli(*WORDS, "model.table=table.npy").stdout.split())
    assert "trained + 56 fixed" in shown
    assert "symbols (119 parameters, learning rate × 0.5, weight decay × 0); recurrent (1,2" in shown
    assert "auxiliary loss ahead × 0.3, in training only" in shown
    assert "after each step the model changes its weights" in shown
    (run,) = cli.runs(sweep="own")
    assert run["fixed_parameters"] == SYMBOLS * 8
    assert "aux_ahead" not in run["metrics"]  # neither of the validation nor of the test split
    assert len([name for name in run["metrics"] if name.startswith("test/")]) == 3
    cli("report", "--sweep", "own")
    report = cli.folder / "results" / "report"
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "Trained in its own way: parameter groups: symbols (119 parameters" in text
    assert "trained + 56 fixed" in text
    pages = "".join(page.read_text(encoding="utf-8") for page in (report / "runs").glob("*.html"))
    assert "Line chart of aux ahead against optimizer steps. training: from" in pages
    # New contents at the same path are another run.
    _table(cli.folder / "table.npy", 1)
    cli(*WORDS, "model.table=table.npy")
    assert len(cli.runs()) == 2
