"""A first request to stop waits for the step to end, a second does not."""

from __future__ import annotations

import os
import signal

import pytest

from harness.training.stopping import StopRequest


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_waits_and_the_second_does_not(sent: signal.Signals) -> None:
    said = []
    stop = StopRequest(lambda: said.append("stopping"))
    with stop.listening(), stop.deferring():
        os.kill(os.getpid(), sent)
        assert stop.requested
        assert said == ["stopping"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), sent)


def test_outside_of_training_a_signal_ends_at_once() -> None:
    stop = StopRequest()
    with stop.listening(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert not stop.requested


def test_a_part_that_can_be_repeated_is_not_waited_for() -> None:
    stop = StopRequest()
    with stop.listening(), stop.deferring():
        with stop.at_once(), pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt), stop.at_once():
            pytest.fail("asked before: not begun")


def test_handlers_are_put_back_and_ignored_signals_stay_ignored() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _other_handler)
        with StopRequest().listening():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) != _other_handler
        assert signal.getsignal(signal.SIGTERM) == _other_handler
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _other_handler(signum: int, frame: object) -> None:
    """What the program around a run may have installed."""
