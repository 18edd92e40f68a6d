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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    os.setpgid(0, 0)  # so that it can be killed with the processes that it starts
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
    except KeyboardInterrupt:  # between the job and its outcome
        outcome = JobOutcome("interrupted", "stopped from outside")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is done but the answer
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError):  # the parent is dead
        connection.send(replace(outcome, raised=None))  # an error of a plug-in's own may not be one that can be sent
        connection.close()


class _Reporter:
    """Sends progress, but not more often than an eye can follow."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._last, self._text = connection, 0.0, ""

    def __call__(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY_S or fraction >= 1.0 or WAITING in (text, self._text):
            self._last, self._text = now, text
            with suppress(OSError):  # the parent is dead, and this process is about to be told
                self._connection.send((fraction, text))


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _follow_parent() -> None:
    """End with the command that started this worker, even if that was killed: nobody would collect the result."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os.killpg(0, signal.SIGKILL)  # this process and those that it started

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()


def _redirect_output(log: Path) -> None:
    """Send what the worker prints to a file: it would tear the progress display."""
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
