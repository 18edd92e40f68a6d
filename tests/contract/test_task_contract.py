"""Every task plug-in that is installed keeps every clause of the task contract, on its generated tiny data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry import load_task, registry
from harness.task import Task
from harness.testing import task_checks

NAMES = registry().names("task")


def test_the_built_in_tasks_are_found_through_their_entry_points() -> None:
    assert {"translation", "text_generation", "speech_recognition", "action_recognition"} <= set(NAMES)


@pytest.mark.parametrize("check", task_checks.CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_clause(check: Callable[[Task], None], name: str) -> None:
    check(load_task(name)().tiny())


@pytest.mark.parametrize("name", NAMES)
def test_declarations_hold_for_the_default_configuration_too(name: str) -> None:
    task = load_task(name)()
    task_checks.declarations(task)
    task_checks.fingerprint(task)
    assert task.data_fingerprint() != task.tiny().data_fingerprint()


@pytest.mark.parametrize("name", NAMES)
def test_data_prepared_anew_is_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = task_checks.digests(load_task(name)().tiny())
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "another cache"))
    assert task_checks.digests(load_task(name)().tiny()) == one
