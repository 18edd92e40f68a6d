"""Planning a sweep: cells that share what Hydra composes against cells composed one by one, and memory a cell."""

from __future__ import annotations

import time
from dataclasses import replace

from harness.bench.comparison import BenchRow, row
from harness.bench.memory import forget_peak, peak_bytes
from harness.config import cells, compose, split, to_settings
from harness.config.identity import run_plan
from harness.sweeping.planning import plan_cells

WORDS = ("task=translation", "model=lstm", "baselines=false")
"""Whose keys need no data."""

CELL_S = 1e-3
"""The longest acceptable time per cell."""

CELL_BYTES = 2**30 / 100_000
"""The largest acceptable memory per cell: 100,000 cells in 1 GiB."""

LIMIT = 0.1
"""Share of the time of one-by-one composition that planning may take."""

_ALONE = 20  # cells composed one by one in a round; the others need no more to be timed


def planning_rows(rounds: int, count: int = 2000) -> list[BenchRow]:
    """Seconds and bytes per cell of planning cells that differ in their seed.

    Args:
        rounds: how often each is timed.
        count: of the cells.
    """
    lines = split([*WORDS, f"seed=range(0,{count})"])
    plan_cells(cells.cells(lines[:1]))  # digests and plug-ins are read once a process
    together, alone, used = [], [], []
    for _ in range(rounds):
        before, began = forget_peak(), time.perf_counter()
        planned = plan_cells(cells.cells(lines))
        together.append((time.perf_counter() - began) / count)
        used.append(max(0, peak_bytes() - before) / count)
        assert len(planned) == count, "every seed is a run of its own"
        began = time.perf_counter()
        for words in lines[:_ALONE]:
            run_plan(to_settings(compose(words)))
        alone.append((time.perf_counter() - began) / _ALONE)
    about = f"planning {count:,} cells that differ in the seed, seconds per cell"
    memory = row(
        "planning-memory",
        used,
        [CELL_BYTES] * rounds,
        limit=1.0,
        about=f"peak bytes per cell of planning {count:,} cells, over what 100,000 cells in 1 GiB allow",
    )
    return [
        row("planning-vs-one-by-one", together, alone, limit=LIMIT, about=f"{about}, over composing each alone"),
        row(
            "planning-seconds", together, [CELL_S] * rounds, limit=1.0, about=f"{about}, over the {CELL_S:g} s allowed"
        ),
        replace(memory, unit="bytes"),
    ]
