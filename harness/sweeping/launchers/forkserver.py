"""The process that workers are forked from: it has everything imported, so that each starts in milliseconds."""

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
"""Loaded once before workers are forked; the second because workers load the console script's module again."""


def ready_to_fork(threads: int = 1) -> Any:
    """Start the process that forks workers, unless it runs; it imports what they need while the caller goes on.

    Args:
        threads: that the libraries which it loads start with; each run sets its own.

    Returns:
        The context of multiprocessing whose processes are its children.

    Raises:
        PluginError: a module that it is to import does not exist.
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
    """For a block that composes and runs jobs: the process that forks workers starts with it, and ends with it.

    It holds the command's standard output open, so who reads that would else wait until its imports are done, also
    where there was nothing to run. One that ran before stays.
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
    """Children that fork workers, by what multiprocessing has them execute."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if any("multiprocessing.forkserver" in word for word in child.cmdline()):
                found.add(child)
    return found


@contextmanager
def _inherited(threads: int) -> Iterator[None]:
    """What a process that is started in the block gets from this one: its threads, and deafness to Ctrl-C.

    Ctrl-C is the sweep's to hear, and a process that imports would end with a traceback.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    main = threading.current_thread() is threading.main_thread()  # only there may handlers be changed
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before
