"""Listing and reporting on a store with 2,000 runs and a million metric rows, over a command that only starts."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench.big_store import BUDGETS, make_big_store
from harness.bench.comparison import BenchRow, in_turn
from harness.store.place import sqlite_url

LIST_S, REPORT_S = 1.0, 10.0
"""The longest acceptable wait, including start-up of the command."""

PAGE_BYTES = 3_000_000
"""The largest acceptable page."""


def store_rows(rounds: int, runs: int = 2000, rows: int = 1_000_000) -> list[BenchRow]:
    """`harness list runs --json` and `harness report` on a large store, each over a command that only starts.

    The ratio grows with what the harness does; `a` is the time a user waits, in seconds. The report is made twice: with
    eight comparisons, and with the same runs in sixteen. Its description ends with the size of its largest page.
    """
    with TemporaryDirectory(prefix="harness-bench-") as name:
        few, many = Path(name) / "few", Path(name) / "many"
        size = f"a store of {runs:,} runs and {rows:,} metric rows"
        found = []
        for folder, budgets in ((few, BUDGETS), (many, (*BUDGETS, "epochs:6"))):
            folder.mkdir()
            make_big_store(sqlite_url(folder / "store.db"), runs=runs, rows=rows, budgets=budgets)
        for title, folder, most, words in (
            ("list", few, LIST_S, ("list", "runs", "--json")),
            ("report", few, REPORT_S, ("report",)),
            ("report-16-comparisons", many, REPORT_S, ("report",)),
        ):
            about = f"harness {' '.join(words)} on {size}, over harness --help (at most {most:g} s wanted)"
            row = in_turn(
                f"{title}-{_short(rows)}-rows",
                partial(_harness, folder, *words),
                partial(_harness, folder, "--help"),
                rounds=rounds,
                about=about,
            )
            page = max((p.stat().st_size for p in (folder / "results").rglob("*.html")), default=0)
            if words == ("report",):
                row = replace(row, about=f"{about}; largest page {page:,} bytes (at most {PAGE_BYTES:,} wanted)")
            found.append(row)
        return found


def _harness(folder: Path, *words: str) -> None:
    environment = os.environ | {
        "HARNESS_STORE": sqlite_url(folder / "store.db"),
        "HARNESS_RESULTS": str(folder / "results"),
    }
    command = [sys.executable, "-m", "harness", *words]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, cwd=folder)


def _short(count: int) -> str:
    power = len(str(count)) - 1
    return f"1e{power}" if count == 10**power else str(count)
