"""Work in a process that is forked from this one, while this one goes on: a report uses two processors."""

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
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin the work in another process; the block calls what it is given, and waits there for the result.

    Where there can be no such process (`may_fork`), or it ends without a result, the work is done here when the result
    is asked for. So it must be such that it can be begun twice; what it raises is raised here.
    """
    if not may_fork():
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


def may_fork() -> bool:
    """Whether a process can be forked and would help: not where this one has threads, whose locks a fork copies."""
    return processors() > 1 and threading.active_count() == 1 and hasattr(os, "fork")


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def quiet_forks() -> Iterator[None]:
    """Without the warning about threads: it counts the idle ones of BLAS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _send(work: Callable[[], Result], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear; it ends this process
    with suppress(Exception):  # the parent meets it when it does the work itself
        connection.send(work())
