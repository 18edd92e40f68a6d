"""What runs inside a worker process: one job, then the process ends."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

from harness.errors import UserError
from harness.store.ledger import AlreadyFinished, AlreadyRunning
from harness.sweeping.jobs import ALONE, Job, JobOutcome, WorkerContext
from harness.sweeping.machine_lock import machine_lock

GRACE_S = 60.0
"""How long a run that was told to stop may take to end its step and to write its checkpoint, before it is killed."""

WAITING = "waiting for the machine"
"""Progress of a job that may not start yet since another one has the machine for itself."""

_PROGRESS_EVERY_S = 0.2


def work(job: Job, surroundings: WorkerContext, connection: Connection, log: Path) -> None:
    """Do a job and send its `JobOutcome` (and before it, progress as (fraction, text)) through the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    os.setpgid(0, 0)  # so that it can be killed with the processes that it starts
    _redirect_output(log)
    faulthandler.enable(all_threads=False)  # a crash inside a library leaves its traceback in the log
    os.chdir(surroundings.folder)
    os.environ.clear()
    os.environ.update(surroundings.environ)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        _follow_parent()
        _do(job, surroundings, connection)
        outcome = JobOutcome("done")
    except AlreadyFinished:  # by another sweep, in the moment before
        outcome = JobOutcome("done")
    except AlreadyRunning as error:
        outcome = JobOutcome("elsewhere", str(error))
    except (KeyboardInterrupt, SystemExit):  # Lightning turns the first into the second
        outcome = JobOutcome("interrupted", "stopped from outside")
    except UserError as error:
        outcome = JobOutcome("failed", str(error), traceback.format_exc(), user_error=True)
    except Exception as error:
        outcome = JobOutcome("failed", f"{type(error).__name__}: {error}", traceback.format_exc())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all is done but the answer
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError):  # the parent is dead
        connection.send(outcome)
        connection.close()


def _do(job: Job, surroundings: WorkerContext, connection: Connection) -> None:
    if not job.lock:
        _do_now(job, surroundings, connection)
        return
    alone = job.lock == ALONE
    with machine_lock(alone=alone, on_wait=lambda: connection.send((0.0, WAITING))):
        connection.send((0.0, "starting"))
        _do_now(job, surroundings, connection)


def _do_now(job: Job, surroundings: WorkerContext, connection: Connection) -> None:
    from harness.config import settings_from_plain
    from harness.training.execute import execute, execute_baseline

    settings = settings_from_plain(job.config)
    if job.kind == "prepare":
        settings.task.prepare_data()
        return
    assert job.plan is not None
    settings.trainer.threads = settings.trainer.threads or surroundings.threads
    settings.exclusive = job.lock == ALONE
    if job.kind == "baseline":
        execute_baseline(
            settings, job.plan, job.baseline, store_url=surroundings.store_url, results=surroundings.results
        )
        return
    execute(
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
