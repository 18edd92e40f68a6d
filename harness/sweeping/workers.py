"""The default number of runs at a time in a sweep."""

from __future__ import annotations

from dataclasses import dataclass

from harness.runtime import free_memory_bytes, usable_cores
from harness.sweeping.limits import size

RUN_BYTES = 2**30
"""Memory set aside for a run: the small networks of the built-in tasks take less, beside the libraries that workers
share."""


@dataclass(frozen=True)
class Workers:
    """How many runs go on at a time.

    Attributes:
        count: at least 1.
        reason: why it is not one per core; empty if it is.
    """

    count: int
    reason: str = ""


def default_workers(threads: int, device: str) -> Workers:
    """As many runs as cores and memory allow; one if they share an accelerator.

    Args:
        threads: of each run, equal for all runs of a sweep.
        device: "cpu" or "cuda".
    """
    if device != "cpu":
        return Workers(1, "they share an accelerator")
    cores, free = max(1, usable_cores() // threads), free_memory_bytes()
    fit = max(1, int(free // RUN_BYTES))
    if fit >= cores:
        return Workers(cores)
    return Workers(fit, f"{size(free)} of memory are free, and each is given {size(RUN_BYTES)}")
