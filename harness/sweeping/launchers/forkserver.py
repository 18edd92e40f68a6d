"""The process that workers are forked from. It has imported everything, so workers start in milliseconds."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from typing import Any

import psutil

from harness.errors import PluginError

PRELOAD = ("harness.sweeping.launchers.preload", "harness.cli.main")
"""Modules imported before workers are forked; the second because workers import the console script's module again."""


def ready_to_fork(threads: int = 1) -> Any:
    """Start the process that forks workers, unless it runs already; it imports modules in the background.

    Args:
        threads: initial number of threads of the libraries that it loads; each run sets its own.

    Returns:
        A multiprocessing context that forks from this process.

    Raises:
        PluginError: a module to preload does not exist.
    """
    for name in PRELOAD:
        if importlib.util.find_spec(name) is None:  # multiprocessing would silently ignore the name
            raise PluginError(f"The module '{name}' is missing: the installation is incomplete.")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    with _inherited(threads):
        forkserver.ensure_running()
    return context


@contextmanager
def forking() -> Iterator[None]:
    """Start the process that forks workers for the block, and end it afterwards unless it ran before.

    The process inherits the command's standard output. If it were left running, whoever reads that output would wait
    until its imports are done, even if there was nothing to run.
    """
    before = _forking_processes()
    ready_to_fork()
    try:
        yield
    finally:
        for process in _forking_processes() - before:
            with suppress(psutil.Error):
                process.terminate()


def _forking_processes() -> set[psutil.Process]:
    """Child processes that run multiprocessing's fork server."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if any("multiprocessing.forkserver" in word for word in child.cmdline()):
                found.add(child)
    return found


@contextmanager
def _inherited(threads: int) -> Iterator[None]:
    """Let processes started in the block inherit a number of threads, and ignore Ctrl-C.

    The sweep handles Ctrl-C; a process interrupted while importing would print a traceback.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    main = threading.current_thread() is threading.main_thread()  # handlers can be changed only there
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before
