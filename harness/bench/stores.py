"""Listing and reporting on a store of 2,000 runs and a million metric rows, against writing that store's rows once."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench.big_store import make_big_store
from harness.bench.comparison import Row, in_turn

LIST_S, REPORT_S = 1.0, 10.0
"""What a user waits for at most, start-up of the command included."""


def store_rows(rounds: int, runs: int = 2000, rows: int = 1_000_000) -> list[Row]:
    """`harness list runs --json` and `harness report` on a big store, each over an interpreter that only starts.

    The ratio grows with what the harness does; `a` is the seconds that a user waits.
    """
    with TemporaryDirectory(prefix="harness-bench-") as folder:
        make_big_store(f"sqlite:///{folder}/store.db", runs=runs, rows=rows)
        size = f"a store of {runs:,} runs and {rows:,} metric rows"
        return [
            in_turn(
                f"{name}-{_short(rows)}-rows",
                partial(_harness, Path(folder), *words),
                partial(_harness, Path(folder), "--help"),
                rounds=rounds,
                about=f"harness {' '.join(words)} on {size}, over harness --help (at most {most:g} s wanted)",
            )
            for name, most, words in (
                ("list", LIST_S, ("list", "runs", "--json")),
                ("report", REPORT_S, ("report",)),
            )
        ]


def _harness(folder: Path, *words: str) -> None:
    environment = os.environ | {
        "HARNESS_STORE": f"sqlite:///{folder}/store.db",
        "HARNESS_RESULTS": str(folder / "results"),
    }
    command = [sys.executable, "-m", "harness", *words]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, cwd=folder)


def _short(count: int) -> str:
    power = len(str(count)) - 1
    return f"1e{power}" if count == 10**power else str(count)
