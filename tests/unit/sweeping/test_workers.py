"""How many runs of a sweep go on at a time."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.sweeping import workers
from harness.sweeping.workers import RUN_BYTES, Workers, default_workers


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, float], None]:
    """Pretends a machine with so many cores and so much free memory."""

    def pretend(cores: int, free: float) -> None:
        monkeypatch.setattr(workers, "usable_cores", lambda: cores)
        monkeypatch.setattr(workers, "free_memory_bytes", lambda: free)

    return pretend


@pytest.mark.parametrize(
    ("cores", "threads", "expected"), [(2, 1, 2), (64, 1, 64), (8, 2, 4), (8, 3, 2), (2, 4, 1)], ids=str
)
def test_every_core_has_a_thread(
    machine: Callable[[int, float], None], cores: int, threads: int, expected: int
) -> None:
    machine(cores, 100 * RUN_BYTES)
    assert default_workers(threads, "cpu") == Workers(expected)


@pytest.mark.parametrize(("free", "expected"), [(5.9, 5), (0.2, 1)])
def test_memory_may_be_enough_for_fewer(machine: Callable[[int, float], None], free: float, expected: int) -> None:
    machine(64, free * RUN_BYTES)
    chosen = default_workers(1, "cpu")
    assert chosen.count == expected
    assert re.fullmatch(r"[\d.]+ [MG]iB of memory are free, and each is given 1 GiB", chosen.reason)


def test_runs_do_not_share_an_accelerator_unasked(machine: Callable[[int, float], None]) -> None:
    machine(16, 100 * RUN_BYTES)
    assert default_workers(1, "cuda") == Workers(1, "they share an accelerator")
