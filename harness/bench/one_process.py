"""The cells of a sweep in one warm process, one after another, for comparison in `harness.bench.sweeps`.

    python -m harness.bench.one_process THREADS WORD...

Runs the cells with that many threads, the first of them twice: once with another seed, to warm up. Prints the seconds
the cells took, without composition and imports.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence


def seconds(threads: int, words: Sequence[str]) -> float:
    """Total time of all cells, one after another.

    Args:
        threads: intra-op threads of each.
        words: as after `harness sweep`.
    """
    from harness.config import expand
    from harness.config.identity import run_plan
    from harness.store import Store
    from harness.store.engine import results_folder
    from harness.training.execute import execute

    cells = [cell.settings for cell in expand([*words, f"trainer.threads={threads}"])]
    warm = expand([*words, f"trainer.threads={threads}", "seed=1000003"])[0].settings
    plans = [(settings, run_plan(settings)) for settings in (warm, *cells)]
    times = []
    with Store.open() as store:
        for settings, plan in plans:
            began = time.perf_counter()
            execute(settings, plan, store=store, results=results_folder())
            times.append(time.perf_counter() - began)
    return sum(times[1:])


if __name__ == "__main__":
    from harness.runtime import import_lightning, importing, tune_allocator

    tune_allocator()  # as a run does, before anything imports torch
    with importing():
        import_lightning()
    print(seconds(int(sys.argv[1]), sys.argv[2:]))
