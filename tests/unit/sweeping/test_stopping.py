"""Requests to stop are counted, not thrown."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from harness.sweeping.stopping import StopRequests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_counted_and_then_mean_what_they_meant(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    requests = StopRequests()
    with requests.listening():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert requests.count == 2
    assert signal.getsignal(number) == before


def test_a_signal_that_this_process_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        requests = StopRequests()
        with requests.listening():
            os.kill(os.getpid(), signal.SIGHUP)
        assert requests.count == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    requests, inside = StopRequests(), []

    def listen() -> None:
        with requests.listening():
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert inside == [signal.getsignal(signal.SIGINT)]
