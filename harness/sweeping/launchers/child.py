"""What runs inside a forked worker process: one job, then the process ends."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from harness.store import Store
from harness.sweeping.jobs import GRACE_S, WAITING, Job, JobOutcome
from harness.sweeping.worker import work

if TYPE_CHECKING:
    from harness.sweeping.launchers.worker_context import WorkerContext

_PROGRESS_EVERY_S = 0.2


def main(job: Job, context: WorkerContext, connection: Connection, log: Path) -> None:
    """Do a job and send its `JobOutcome` (and before it, progress as (fraction, text)) through the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    os.setpgid(0, 0)  # a process group of its own, to be killed with its children
    _redirect_output(log)
    faulthandler.enable(all_threads=False)  # a crash inside a library leaves its traceback in the log
    os.chdir(context.folder)
    os.environ.clear()
    os.environ.update(context.environ)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        _follow_parent()
        outcome = work(job, lambda: Store.open(context.store_url), context.results, _Reporter(connection))
    except KeyboardInterrupt:  # stopped before or after the job itself
        outcome = JobOutcome("interrupted", "stopped from outside")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # only the outcome is left to send
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    with suppress(OSError):  # the parent is dead
        connection.send(replace(outcome, raised=None))  # a plug-in's own exception may not pickle
        connection.close()


class _Reporter:
    """Sends progress, at most every `_PROGRESS_EVERY_S` seconds."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._last, self._text = connection, 0.0, ""

    def __call__(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY_S or fraction >= 1.0 or WAITING in (text, self._text):
            self._last, self._text = now, text
            with suppress(OSError):  # the parent is dead; `_follow_parent` ends this process
                self._connection.send((fraction, text))


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _follow_parent() -> None:
    """End this worker when its parent ends, even if the parent was killed: the result would be lost."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os.killpg(0, signal.SIGKILL)  # this process and its children

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()


def _redirect_output(log: Path) -> None:
    """Redirect the worker's output to a file, as it would corrupt the progress display."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    # The log is read as UTF-8, whatever the encoding of the terminal at which the sweep was started.
    sys.stdout, sys.stderr = (
        open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        for number in (1, 2)
    )
