"""Jobs for workers, their progress events and their outcomes. Plain data that is sent between processes."""

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
"""How a job of an exclusive sweep shares the machine: ALONE excludes every other such job, TOGETHER only those that run
alone."""

NOT_STARTED = "not started"
"""Event text of a job that ended without being started: a job it needs failed, or the store has its outcome."""

WAITING = "waiting for the machine"
"""Progress text of a job that waits because an exclusive run has the machine."""

GRACE_S = 60.0
"""Seconds that a stopped run has to end its step and write its checkpoint before it is killed."""

Tell = Callable[[float, str], None]
"""Receives progress: the fraction done, and a short text."""


@dataclass(frozen=True)
class Job:
    """A unit of work for one worker.

    Attributes:
        kind: "prepare" (a task's data), "run" or "baseline".
        key: identifies the run, or the data.
        label: for display: "translation × lstm, seed 0".
        config: `RunSettings.plain`.
        plan: of the run; None for "prepare".
        baseline: its name, for "baseline".
        needs: keys of jobs that must be done first.
        limits: exceeding one stops the run.
        lock: "alone", "together" (see `harness.sweeping.machine_lock`), or empty: no lock is taken.
        before: seconds by phase already spent on the run.
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
        status: "done", "failed", "interrupted", "died" (the process ended without reporting an outcome), or "elsewhere"
            (another living process owns the run).
        error: in one line; empty if done.
        traceback: of the error.
        log_tail: the last lines that the worker printed.
        user_error: whether the error is one that the user can fix (wrong data, no network).
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
    """A job started, made progress, or ended (then `outcome` is set)."""

    job: Job
    fraction: float = 0.0
    text: str = ""
    outcome: JobOutcome | None = None


def data_key(run: PlannedRun) -> str:
    """The key of a run's data, equal for all runs on the same data."""
    return hashlib.sha256(canonical(run.plan.config["task"]).encode()).hexdigest()


def prepare_job(run: PlannedRun, *, beside_alone: bool = False) -> Job:
    """The job that prepares a run's data; `beside_alone` as for `run_job`."""
    lock = TOGETHER if beside_alone else ""
    return Job("prepare", data_key(run), f"data of {run.plan.task}", run.settings.plain, lock=lock)


def run_job(run: PlannedRun, *, beside_alone: bool = False, prepared: bool = True) -> Job:
    """The job that runs a cell.

    Args:
        run: the cell.
        beside_alone: whether the sweep has runs that need the machine to themselves.
        prepared: whether a separate job prepares the data, which this one then waits for.
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
    """Data first, then runs, longest budgets first so that no worker idles at the end, then baselines.

    Args:
        todo: the runs.
        beside_alone, prepared: as for `run_job`.
    """
    prepare = {data_key(run): prepare_job(run, beside_alone=beside_alone) for run in todo} if prepared else {}
    ordered = sorted(todo, key=lambda run: (bool(run.baseline), -_seconds(run)))
    return [*prepare.values(), *(run_job(run, beside_alone=beside_alone, prepared=prepared) for run in ordered)]


def _seconds(run: PlannedRun) -> float:
    budget = Budget.parse(run.settings.budget)
    return budget.amount if budget.kind == "seconds" else 0.0
