"""A sweep that adds seeds by plan, through the command line and with real runs."""

from __future__ import annotations

from typing import Any

# Two configurations that always score alike, so that no number of seeds decides between them.
GRID = (
    "task=first_symbol", "model=lstm", "trainer.early_stopping=50,60", "budget=steps:2", "model.hidden_size=8",
    "trainer.embedding_dim=8", "trainer.latency_s=0", "baselines=false", "sweep=planned", "launcher=inline",
    "--until-decided", "3,4",
)  # fmt: skip


def test_an_undecided_comparison_gets_the_seeds_of_the_next_look(cli: Any) -> None:
    done = cli("sweep", *GRID)
    assert "Results are looked at after 3 and 4 seeds, each time at a level of 0.025." in done.stderr
    assert "Look 1 of 2 (3 seeds), first_symbol: undecided" in done.stderr
    assert "running seed 3 of 2 models." in done.stderr
    assert "this was the last look." in done.stderr
    runs = cli.runs()
    assert sorted(run["seed"] for run in runs) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert {run["status"] for run in runs} == {"finished"}
