"""The thread behind every watch."""

from __future__ import annotations

import threading

import pytest

from harness.measure.sampler import Sampler


def test_it_calls_from_its_own_thread_for_as_long_as_the_block_lasts_and_may_be_entered_again() -> None:
    called, names = threading.Event(), set()

    def sample() -> None:
        names.add(threading.current_thread().name)
        called.set()

    sampler = Sampler("watch", 0.001, sample)
    for _ in range(2):
        called.clear()
        with sampler:
            assert sampler.running
            assert called.wait(60)
            with pytest.raises(RuntimeError, match="'watch' is already running"):
                sampler.__enter__()
        assert not sampler.running
    assert names == {"watch"}
    assert "watch" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_at_once_and_lets_an_error_pass() -> None:
    with pytest.raises(ZeroDivisionError), Sampler("watch", 3600.0, lambda: None):
        raise ZeroDivisionError
    assert "watch" not in {thread.name for thread in threading.enumerate()}
