"""Requests to stop: SIGTERM and Ctrl-C end a run at the next step, so that its checkpoint can be written first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StopRequest:
    """Whether this process was asked to stop.

    While `deferring`, the first signal only sets `requested`: the training loop looks at it after every step. Outside
    (loading data, testing), and for a second signal anywhere, KeyboardInterrupt is raised at once.
    """

    def __init__(self, on_request: Callable[[], None] | None = None) -> None:
        self.requested = False
        self._deferring = False
        self._on_request = on_request

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Defer signals for a block that checks `requested` often."""
        before, self._deferring = self._deferring, True
        try:
            yield
        finally:
            self._deferring = before

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal end a part of such a block, which may take long and can be repeated."""
        before, self._deferring = self._deferring, False
        try:
            if self.requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._deferring = before

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT for the block; signals that this process ignores stay ignored.

        Python allows this only in the main thread; in other threads signals are left as they are.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heard = [s for s in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(s) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._handle) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, signum: int, frame: object) -> None:
        if self.requested or not self._deferring:
            raise KeyboardInterrupt
        self.requested = True
        if self._on_request is not None:
            self._on_request()
