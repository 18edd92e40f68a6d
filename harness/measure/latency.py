"""How long one call takes: repeated calls after a warm-up, within a limit of time, as percentiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

WARM_UP = 0.25
"""Share of the time limit that is spent warming up: caches, kernels chosen for a shape, memory."""
MOST_CALLS = 100
"""Calls after which the percentiles are settled, whatever time is left."""


def timed_calls(
    calls: Sequence[Callable[[], object]],
    seconds: float,
    *,
    settle: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[tuple[int, float]]:
    """Make the calls in turn, over and over, until the time is used.

    Args:
        calls: what is timed, one for each input.
        seconds: the limit, warm-up included. A call that alone takes longer is made once, and its time is returned; so
            the limit is exceeded by one call at most.
        settle: waits until an accelerator has finished; called around every timed call.
        clock: seconds.

    Returns:
        (index of the call, seconds it took), in order; the warm-up is left out.
    """
    began = clock()
    for number, call in enumerate(calls):
        call()
        settle()
        taken = clock() - began
        if number == 0 and taken >= seconds:
            return [(0, taken)]
        if taken >= WARM_UP * seconds:
            break
    found: list[tuple[int, float]] = []
    while not found or (clock() - began < seconds and len(found) < MOST_CALLS):
        index = len(found) % len(calls)
        before = clock()
        calls[index]()
        settle()
        found.append((index, clock() - before))
    return found


def percentiles(seconds: Sequence[float], examples: int) -> dict[str, Any]:
    """{"examples", "calls", "p50_ms", "p95_ms"} of calls that took so long.

    Args:
        seconds: of every timed call.
        examples: how many each call predicted.
    """
    middle, high = np.quantile(np.array(seconds) * 1000, (0.5, 0.95))
    return {
        "examples": examples,
        "calls": len(seconds),
        "p50_ms": round(float(middle), 4),
        "p95_ms": round(float(high), 4),
    }
