"""Calls are timed in turn after a warm-up, within a limit of time, and become percentiles."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.measure.latency import MOST_CALLS, percentiles, timed_calls


class Watch:
    """A clock that calls put forward."""

    def __init__(self) -> None:
        self.now, self.made = 0.0, list[str]()

    def call(self, name: str, seconds: float) -> Callable[[], None]:
        def made() -> None:
            self.made.append(name)
            self.now += seconds

        return made

    def timed(self, calls: list[Callable[[], None]], seconds: float) -> list[tuple[int, float]]:
        return timed_calls(calls, seconds, clock=lambda: self.now)


def test_calls_are_made_in_turn_after_a_warm_up() -> None:
    watch = Watch()
    found = watch.timed([watch.call("a", 1.0), watch.call("b", 2.0)], 13)
    # Warm-up: a and b, which end within a quarter of 13 s; then in turn until 13 s are over.
    assert watch.made == ["a", "b", "a", "b", "a", "b", "a", "b", "a"]
    assert found == [(0, 1.0), (1, 2.0)] * 3 + [(0, 1.0)]


@pytest.mark.parametrize(("limit", "made"), [(0.1, 1), (9.0, 1), (9.1, 2), (18.0, 2), (18.1, 3)])
def test_the_limit_is_exceeded_by_one_call_at_most(limit: float, made: int) -> None:
    watch = Watch()
    found = watch.timed([watch.call("slow", 9.0)], limit)
    assert len(watch.made) == made
    assert found == [(0, 9.0)] * max(1, made - 1)


def test_quick_calls_stop_when_there_are_enough() -> None:
    watch = Watch()
    assert len(watch.timed([watch.call("quick", 1e-6)], 1e9)) == MOST_CALLS


def test_an_accelerator_is_waited_for_within_every_timed_call() -> None:
    watch = Watch()
    found = timed_calls([watch.call("launch", 0.0)], 10.0, settle=watch.call("wait", 4.0), clock=lambda: watch.now)
    assert watch.made == ["launch", "wait", *["launch", "wait"] * 2]
    assert found == [(0, 4.0), (0, 4.0)]


def test_percentiles_are_in_milliseconds_and_say_of_how_many_calls() -> None:
    found = percentiles([0.001 * n for n in range(1, 22)], 8)
    assert found == {"examples": 8, "calls": 21, "p50_ms": pytest.approx(11), "p95_ms": pytest.approx(20)}
