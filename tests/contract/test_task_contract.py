"""Every task plug-in that is installed keeps every clause of the task contract, on its generated tiny data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from covering import built_in

from harness.contract.dataset_task import DatasetTask
from harness.contract.specs import TokenInput
from harness.contract.task import Task
from harness.registry.discovery import load_task, registry
from harness.targets import CTCTarget, TokenSequenceTarget
from harness.testing import TaskContract, task_checks
from harness.testing.data_clauses import DATA_CLAUSES, PREPARATION_CLAUSES
from harness.testing.examination import pairs
from harness.testing.task_subject import digests, subjects

NAMES = registry().names("task")
BUILT_IN = built_in("task")
# Clauses that say nothing of some tasks, and of which.
NOT_APPLICABLE: dict[str, Callable[[Task], bool]] = {
    "ctc_feasibility": lambda task: task.target_type is not CTCTarget,
    "vocabulary": lambda task: (
        task.input_type is not TokenInput and task.target_type not in (CTCTarget, TokenSequenceTarget)
    ),
    "normalisation": lambda task: task.input_type is TokenInput,
    "baselines": lambda task: not task.baselines(),
    # Their data sets keep them.
    **{one.name: lambda task: isinstance(task, DatasetTask) for one in (*DATA_CLAUSES, *PREPARATION_CLAUSES)},
}

for _name in NAMES:
    # The class that an author of this task would write.
    globals()[f"Test_{_name}"] = type(f"Test_{_name}", (TaskContract,), {"task": load_task(_name)()})


def test_the_built_in_tasks_are_found_through_their_entry_points() -> None:
    assert set(NAMES) >= BUILT_IN


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_clauses_that_do_not_apply_are_these(name: str) -> None:
    found = {one.name for one, _, reason in pairs(task_checks.CLAUSES, subjects(load_task(name)())) if reason}
    task = load_task(name)()
    assert found == {clause for clause, silent in NOT_APPLICABLE.items() if silent(task)}


@pytest.mark.parametrize("name", NAMES)
def test_the_default_data_is_not_the_tiny_data(name: str) -> None:
    task = load_task(name)()
    assert task.data_fingerprint() != task.tiny().data_fingerprint()


@pytest.mark.parametrize("name", NAMES)
def test_data_prepared_anew_is_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for cache in ("one cache", "another cache"):
        monkeypatch.setenv("HARNESS_DATA", str(tmp_path / cache))
        task = load_task(name)().tiny()
        task.prepare_data()
        found.append(digests(task.setup()))
    assert found[0] == found[1]
