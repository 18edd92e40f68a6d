"""A thread that calls a function at regular intervals for as long as a block lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Sampler:
    """Context manager that calls a function from a separate thread; it can be entered again after it has ended.

    Args:
        name: of the thread.
        interval_s: seconds between calls, and before the first one.
        sample: the function; must not raise.
    """

    def __init__(self, name: str, interval_s: float, sample: Callable[[], None]) -> None:
        self._name, self._interval_s, self._sample = name, interval_s, sample
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the block is active."""
        return self._thread is not None

    def must_not_run(self) -> None:
        """Refuse to start within its own block.

        Raises:
            RuntimeError: it is already running.
        """
        if self._thread is not None:
            raise RuntimeError(f"'{self._name}' is already running; create another one for a nested measurement")

    def __enter__(self) -> Sampler:
        """Start the thread.

        Raises:
            RuntimeError: it is already running.
        """
        self.must_not_run()
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the thread and wait for its last call to end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._sample()
