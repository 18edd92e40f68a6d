"""What a worker is asked to do, what it says meanwhile, and how it ended. Plain data that crosses process borders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.config.budget import Budget
from harness.config.plain import canonical
from harness.store.records import RunPlan
from harness.sweeping.limits import NO_LIMITS, Limits

if TYPE_CHECKING:
    from harness.sweeping.planning import PlannedRun

ALONE, TOGETHER = "alone", "together"
"""What may compute on this machine at the same time: beside a run that is timed alone, nothing; else other jobs of its
sweep, and others like them."""

NOT_STARTED = "not started"
"""Text of the event that ends a job which was not started: its need failed, or the ledger said how it ended."""

WAITING = "waiting for the machine"
"""Progress of a job that may not start yet, because an exclusive run has the machine."""

GRACE_S = 60.0
"""How long a run that was told to stop may take to end its step and write its checkpoint before it is killed."""

Tell = Callable[[float, str], None]
"""Takes progress: the fraction done, and a word."""


@dataclass(frozen=True)
class Job:
    """One thing for one worker.

    Attributes:
        kind: "prepare" (a task's data), "run" or "baseline".
        key: of the run, or of the data: what it is known by.
        label: what people call it: "translation × lstm, seed 0".
        config: `RunSettings.plain`.
        plan: of the run; None for "prepare".
        baseline: its name, for "baseline".
        needs: keys of jobs that must be done before.
        limits: exceeding one stops the run.
        lock: "alone", "together" (see `harness.sweeping.machine_lock`), or empty: regardless of others.
        before: seconds by phase that were spent for the run already.
    """

    kind: str
    key: str
    label: str
    config: dict[str, Any]
    plan: RunPlan | None = None
    baseline: str = ""
    needs: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    lock: str = ""
    before: dict[str, float] = field(default_factory=dict)


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
        raised: the error itself, where the job ran in this process.
    """

    status: str
    error: str = ""
    traceback: str = ""
    log_tail: str = field(default="", repr=False)
    user_error: bool = False
    over_limit: bool = False
    raised: BaseException | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job: it started, went on, or ended (then `outcome` is set)."""

    job: Job
    fraction: float = 0.0
    text: str = ""
    outcome: JobOutcome | None = None


def data_key(run: PlannedRun) -> str:
    """Equal for all runs on the same data."""
    return hashlib.sha256(canonical(run.plan.config["task"]).encode()).hexdigest()


def prepare_job(run: PlannedRun, *, beside_alone: bool = False) -> Job:
    """The job that prepares a run's data; `beside_alone` as for `run_job`."""
    lock = TOGETHER if beside_alone else ""
    return Job("prepare", data_key(run), f"data of {run.plan.task}", run.settings.plain, lock=lock)


def run_job(run: PlannedRun, *, beside_alone: bool = False, prepared: bool = True) -> Job:
    """The job that runs a cell.

    Args:
        run: the cell.
        beside_alone: whether the sweep has runs that must be alone.
        prepared: whether a job of its own prepares the data, which this one then waits for.
    """
    return Job(
        "baseline" if run.baseline else "run",
        run.plan.key,
        run.label,
        run.settings.plain if run.baseline else run.plan.config,
        run.plan,
        run.baseline,
        needs=(data_key(run),) if prepared else (),
        limits=run.limits,
        lock=ALONE if run.alone else TOGETHER if beside_alone else "",
        before=dict(run.before),
    )


def jobs_for(todo: Sequence[PlannedRun], *, beside_alone: bool = False, prepared: bool = True) -> list[Job]:
    """Data first, then the runs, the longest budgets first so that no worker idles at the end, then baselines.

    Args:
        todo: what is to be run.
        beside_alone, prepared: as for `run_job`.
    """
    prepare = {data_key(run): prepare_job(run, beside_alone=beside_alone) for run in todo} if prepared else {}
    ordered = sorted(todo, key=lambda run: (bool(run.baseline), -_seconds(run)))
    return [*prepare.values(), *(run_job(run, beside_alone=beside_alone, prepared=prepared) for run in ordered)]


def _seconds(run: PlannedRun) -> float:
    budget = Budget.parse(run.settings.budget)
    return budget.amount if budget.kind == "seconds" else 0.0
