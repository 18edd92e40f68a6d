"""A data set for a built-in task from a package of its own: listed, checked, run, and seen in the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PLUGIN = Path(__file__).resolve().parent.parent / "third_party_plugin" / "harness_toy" / "numerals.py"


def test_a_data_set_of_another_package_serves_a_built_in_task(cli: Any) -> None:
    assert len(PLUGIN.read_text(encoding="utf-8").splitlines()) <= 60
    (listed,) = [entry for entry in cli.json("list", "datasets") if entry["name"] == "numerals"]
    assert (listed["task"], listed["licence"], listed["distribution"]) == ("translation", "CC0-1.0", "harness-toy")
    assert " 0 failed" in cli("check", "dataset.translation.numerals").stdout
    done = cli(
        *("run", "task=translation", "task.dataset=numerals", "task.held_out=50", "task.vocab_size=400", "model=lstm"),
        *("budget=steps:2", "sweep=numerals", "trainer.embedding_dim=16", "model.hidden_size=16"),
    )
    assert "train pairs: 900; val pairs: 50" in " ".join(done.stdout.split())  # as task.held_out asks
    (run,) = cli.runs(sweep="numerals")
    assert (run["status"], run["dataset"]) == ("finished", "numerals.en-de")
    cli("report", "--sweep", "numerals")
    assert "numerals.en-de" in (cli.folder / "results" / "report" / "report.md").read_text(encoding="utf-8")
