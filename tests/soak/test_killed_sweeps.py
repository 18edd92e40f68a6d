"""Sweeps that are killed at random moments, again and again, until one gets through: nothing is lost or run twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

WORDS = (
    "sweep",
    "experiment=generated",
    "task=first_symbol,speech_recognition",
    "model=lstm,mean,rnn",
    "--workers",
    "2",
)


@pytest.mark.soak
def test_a_sweep_that_is_killed_again_and_again_ends_with_every_cell_finished_once(
    make_cli: Any, tmp_path: Any
) -> None:
    until = time.monotonic() + 60 * float(os.environ.get("HARNESS_SOAK_MINUTES", "30"))
    draw, rounds = random.Random(0), 0
    while rounds == 0 or time.monotonic() < until:
        cli = make_cli(tmp_path / f"round{rounds}")
        kept: dict[str, Any] = {}
        for _ in range(6):
            _killed_after(cli, draw.uniform(3.0, 20.0), draw.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            finished = {run["key"]: run for run in _runs(cli) if run["status"] == "finished"}
            assert kept.items() <= finished.items(), "a finished run was lost or run again"
            kept = finished
        cli(*WORDS, "--retry", "failed")
        runs = cli.runs()
        assert [run["status"] for run in runs] == ["finished"] * 6
        assert len({run["key"] for run in runs}) == 6
        assert all(run in runs for run in kept.values())
        rounds += 1


def _killed_after(cli: Any, seconds: float, sent: signal.Signals) -> None:
    """Start the sweep and end it from outside; its workers follow."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *WORDS],
        cwd=cli.folder,
        env=cli.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(sent)
        process.wait(120)


def _runs(cli: Any) -> list[dict[str, Any]]:
    return cli.runs() if (cli.folder / "results" / "store.db").exists() else []
