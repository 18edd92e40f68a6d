"""What a worker is asked to do, and what it answers. Plain data, so that both cross process borders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.store.records import RunPlan
from harness.sweeping.limits import NO_LIMITS, Limits

ALONE, TOGETHER = "alone", "together"
"""Who may compute at the same time on this machine: a run that is timed alone, nobody; other jobs of its sweep, others
like them."""


@dataclass(frozen=True)
class Job:
    """One thing for one worker process.

    Attributes:
        kind: "prepare" (a task's data), "run" or "baseline".
        label: how people call it: "translation × lstm, seed 0".
        config: `RunSettings.config`.
        plan: of the run; None for "prepare".
        baseline: its name, for "baseline".
        needs: labels of jobs that must be done before.
        limits: beyond which the run is stopped.
        lock: "alone", "together" (see `harness.sweeping.machine_lock`), or empty: regardless of others.
    """

    kind: str
    label: str
    config: dict[str, Any]
    plan: RunPlan | None = None
    baseline: str = ""
    needs: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    lock: str = ""


@dataclass(frozen=True)
class WorkerContext:
    """Where workers work: sent with every job, since workers are forked from an older process.

    Attributes:
        folder: working folder.
        environ: environment variables.
        store_url: of the results store; None: the default one.
        results: folder of run folders and reports.
        threads: intra-op threads of each worker.
    """

    folder: Path
    environ: dict[str, str]
    store_url: str | None
    results: Path
    threads: int


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended.

    Attributes:
        status: "done", "failed", "interrupted", "died" (the process ended without a word), or "elsewhere" (another
            living process has the run).
        error: in one line; empty if done.
        traceback: of the error.
        log_tail: the last lines that the worker printed.
        user_error: whether the error is of the user's making (wrong data, no network).
        over_limit: whether it was stopped because it used more time or memory than it may.
    """

    status: str
    error: str = ""
    traceback: str = ""
    log_tail: str = field(default="", repr=False)
    user_error: bool = False
    over_limit: bool = False
