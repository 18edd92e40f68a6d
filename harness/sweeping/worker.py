"""A worker: claims a cell, runs it, and ends it in the ledger, in whatever process a launcher has put it.

`work` is all that a worker does with a job. The claim and its end stand in `harness.store.claims`, which
`harness.training.session` holds for as long as the run takes.
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
"""Gives the worker's store, as a block. A worker that has none opens one; an inline one is lent its caller's."""


def work(
    job: Job, open_store: OpenStore, results: Path, tell: Tell, on_stop: Callable[[], None] | None = None
) -> JobOutcome:
    """Do a job; says how it ended and raises nothing that the job raised.

    Args:
        job: what to do.
        open_store: entered for a run, not for a preparation of data.
        results: folder of run folders.
        tell: takes progress.
        on_stop: called when the run was asked to stop and its current step is still to end.
    """
    try:
        with _machine(job, tell):
            _do(job, open_store, results, tell, on_stop)
        return JobOutcome("done")
    except AlreadyFinished:  # by another sweep, in the moment before
        return JobOutcome("done")
    except AlreadyRunning as error:
        return JobOutcome("elsewhere", str(error))
    except (KeyboardInterrupt, SystemExit):  # Lightning turns the first into the second
        return JobOutcome("interrupted", "stopped from outside")
    except UserError as error:
        return JobOutcome("failed", str(error), traceback.format_exc(), user_error=True, raised=error)
    except Exception as error:
        return JobOutcome("failed", f"{type(error).__name__}: {error}", traceback.format_exc(), raised=error)


def _machine(job: Job, tell: Tell) -> AbstractContextManager[None]:
    """The machine as the job needs it: alone, beside others of its kind, or as it is."""
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
