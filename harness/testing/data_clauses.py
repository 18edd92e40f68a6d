"""The clauses on data, which a data set keeps, or a task that brings its data itself."""

from __future__ import annotations

from harness.testing.clause import Clause
from harness.testing.task_declarations import fingerprint, sources
from harness.testing.task_preparation import offline, preparation_at_once, preparation_killed, preparation_twice
from harness.testing.task_splits import copies, near_duplicates, repeatable, splits
from harness.testing.task_subject import TaskSubject

DATA_CLAUSES: tuple[Clause[TaskSubject], ...] = (sources, fingerprint, splits, near_duplicates, copies)

PREPARATION_CLAUSES: tuple[Clause[TaskSubject], ...] = (
    repeatable,
    preparation_twice,
    preparation_at_once,
    preparation_killed,
    offline,
)
"""Those that prepare the data anew, in processes of their own."""
