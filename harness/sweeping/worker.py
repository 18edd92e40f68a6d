"""Workers: claim a cell, run it and record its outcome, in the process in which a launcher runs them.

`work` is all that a worker does with a job. `harness.training.session` holds the claim (`harness.store.claims`) while
the run lasts.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from harness.errors import UserError
from harness.store import AlreadyFinished, AlreadyRunning, Store
from harness.sweeping.jobs import ALONE, WAITING, Job, JobOutcome, Tell
from harness.sweeping.machine_lock import machine_lock

OpenStore = Callable[[], AbstractContextManager[Store]]
"""Returns a context manager with the worker's store: opened by a worker process, borrowed from the caller inline."""


def work(
    job: Job, open_store: OpenStore, results: Path, tell: Tell, on_stop: Callable[[], None] | None = None
) -> JobOutcome:
    """Do a job and return its outcome; errors of the job are in the outcome, not raised.

    Args:
        job: what to do.
        open_store: opens the store; called for runs, not for data preparation.
        results: folder of run folders.
        tell: receives progress.
        on_stop: called when the run is asked to stop, before its current step has ended.
    """
    try:
        with _machine(job, tell):
            _do(job, open_store, results, tell, on_stop)
        return JobOutcome("done")
    except AlreadyFinished:  # by another sweep, just now
        return JobOutcome("done")
    except AlreadyRunning as error:
        return JobOutcome("elsewhere", str(error))
    except (KeyboardInterrupt, SystemExit):  # Lightning turns KeyboardInterrupt into SystemExit
        return JobOutcome("interrupted", "stopped from outside")
    except UserError as error:
        return JobOutcome("failed", str(error), traceback.format_exc(), user_error=True, raised=error)
    except Exception as error:
        return JobOutcome("failed", f"{type(error).__name__}: {error}", traceback.format_exc(), raised=error)


def _machine(job: Job, tell: Tell) -> AbstractContextManager[None]:
    """The machine lock as the job needs it: exclusive, shared, or none."""
    if not job.lock:
        return nullcontext()
    return machine_lock(alone=job.lock == ALONE, on_wait=lambda: tell(0.0, WAITING))


def _do(job: Job, open_store: OpenStore, results: Path, tell: Tell, on_stop: Callable[[], None] | None) -> None:
    from harness.config import settings_from_plain
    from harness.training.execute import execute, execute_baseline

    tell(0.0, "starting")
    settings = settings_from_plain(job.config)
    if job.kind == "prepare":
        settings.task.prepare_data()
        return
    assert job.plan is not None, "a job that runs a cell has its plan"
    with open_store() as store:
        if job.kind == "baseline":
            execute_baseline(settings, job.plan, job.baseline, store=store, results=results)
        else:
            execute(
                settings, job.plan, store=store, results=results, before=job.before, on_progress=tell, on_stop=on_stop
            )
