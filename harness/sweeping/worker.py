"""What runs inside a worker process: one job, then the process ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection, wait
from pathlib import Path

from harness.errors import UserError
from harness.sweeping.jobs import Job, Outcome, Surroundings

_PROGRESS_EVERY_S = 0.2
_GRACE_S = 20.0


def work(job: Job, surroundings: Surroundings, connection: Connection, log: Path) -> None:
    """Do a job and send its `Outcome` (and before it, progress as (fraction, text)) through the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, _interrupt)
    _follow_parent()
    os.chdir(surroundings.folder)
    os.environ.clear()
    os.environ.update(surroundings.environ)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _redirect_output(log)
    try:
        _do(job, surroundings, connection)
        outcome = Outcome("done")
    except (KeyboardInterrupt, SystemExit):  # Lightning turns the first into the second
        outcome = Outcome("interrupted", "stopped from outside")
    except UserError as error:
        outcome = Outcome("failed", str(error), traceback.format_exc(), user_error=True)
    except Exception as error:
        outcome = Outcome("failed", f"{type(error).__name__}: {error}", traceback.format_exc())
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(outcome)
    connection.close()


def _do(job: Job, surroundings: Surroundings, connection: Connection) -> None:
    from harness.config import settings_from_plain
    from harness.training import run

    settings = settings_from_plain(job.config)
    if job.kind == "prepare":
        settings.task.prepare_data()
        return
    assert job.plan is not None
    settings.trainer.threads = settings.trainer.threads or surroundings.threads
    if job.kind == "baseline":
        run.execute_baseline(
            settings, job.plan, job.baseline, store_url=surroundings.store_url, results=surroundings.results
        )
        return
    run.execute(
        settings,
        job.plan,
        store_url=surroundings.store_url,
        results=surroundings.results,
        on_progress=_Reporter(connection),
    )


class _Reporter:
    """Sends progress, but not more often than an eye can follow."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._last = connection, 0.0

    def __call__(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY_S or fraction >= 1.0:
            self._last = now
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
        time.sleep(_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()


def _redirect_output(log: Path) -> None:
    """Send what the worker prints to a file: it would tear the progress display."""
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
