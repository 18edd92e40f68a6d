"""Requests to stop a sweep: the first lets running cells write their checkpoints, the second ends them at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """Counts Ctrl-C, SIGTERM and SIGHUP instead of raising KeyboardInterrupt.

    Attributes:
        count: requests so far.
    """

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count signals for the block; those that this process ignores stay ignored (nohup).

        Python allows this only in the main thread; in other threads signals are left as they are.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heard = [s for s in _SIGNALS if signal.getsignal(s) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._count) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _count(self, signum: int, frame: object) -> None:
        self.count += 1
