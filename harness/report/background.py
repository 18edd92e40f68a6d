"""Run work in a forked process while this one continues, so that a report uses two cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def in_background(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Start the work in another process; the block receives a function that waits for the result and returns it.

    If no process can be forked (`can_fork`), or it ends without a result, the work is done here when the result is
    requested. So it must be safe to start twice; its exceptions are raised here.
    """
    if not can_fork():
        yield work
        return
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(work, theirs), daemon=True)
    with quiet_forks():
        process.start()
    theirs.close()

    def result() -> Result:
        try:
            return ours.recv()
        except EOFError:
            return work()

    try:
        yield result
    finally:
        process.kill()
        process.join()
        ours.close()


def can_fork() -> bool:
    """Whether forking is possible and useful: not if this process has threads, whose locks a fork would copy."""
    return cores() > 1 and threading.active_count() == 1 and hasattr(os, "fork")


def cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def quiet_forks() -> Iterator[None]:
    """Suppress the warning about threads, which also counts idle BLAS threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _send(work: Callable[[], Result], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends this process
    with suppress(Exception):  # the parent gets the same error when it does the work itself
        connection.send(work())
