"""A spinner for waits, shown after two seconds and only on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

SHOW_AFTER_S = 2.0
"""Seconds after which a wait is shown."""

_shown = threading.Lock()  # held by the outermost wait: two spinners would overwrite each other


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show on standard error what is being waited for; silent for short waits and without a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal or not _shown.acquire(blocking=False):
        yield
        return
    status = console.status(text)
    lock, done = threading.Lock(), False

    def show() -> None:
        with lock:
            if not done:
                status.start()

    timer = threading.Timer(SHOW_AFTER_S, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            done = True
            status.stop()
        _shown.release()
