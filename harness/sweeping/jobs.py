"""What a worker is asked to do, and what it answers. Plain data, so that both cross process borders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.store.records import RunPlan


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
    """

    kind: str
    label: str
    config: dict[str, Any]
    plan: RunPlan | None = None
    baseline: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
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
class Outcome:
    """How a job ended.

    Attributes:
        status: "done", "failed", "interrupted", or "died" (the process ended without a word).
        error: in one line; empty if done.
        traceback: of the error.
        log_tail: the last lines that the worker printed.
        user_error: whether the error is of the user's making (wrong data, no network).
    """

    status: str
    error: str = ""
    traceback: str = ""
    log_tail: str = field(default="", repr=False)
    user_error: bool = False
