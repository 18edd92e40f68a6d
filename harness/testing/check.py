"""An installed plug-in against its whole contract: what `harness check` runs, and a test of an author could."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.registry.discovery import registry
from harness.testing.clause import Clause
from harness.testing.examination import Finding, examine, pairs


def clauses_of(kind: str) -> tuple[Clause[Any], ...]:
    """All clauses of the contract of "task", "model" or "target", in the order in which they are checked."""
    if kind == "task":
        from harness.testing import task_checks

        return task_checks.CLAUSES
    if kind == "target":
        from harness.testing import target_checks

        return target_checks.CLAUSES
    from harness.testing import model_checks

    return model_checks.CLAUSES


def check_plugin(kind: str, name: str) -> Iterator[Finding]:
    """Every clause on every case of a plug-in's `cls().tiny()`, or of a target's `cases()`, one finding at a time.

    Args:
        kind: "task", "model" or "target".
        name: without the kind.

    Raises:
        UnknownNameError, PluginError: as `harness.registry.discovery.Registry.load`.
    """
    cls: Any = registry().load(kind, name)
    label = f"{kind}.{name}"
    try:
        subjects = _subjects(kind)(cls if kind == "target" else cls())
    except Exception as error:  # whatever a plug-in raises is a finding, not the end of the command
        message = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        advice = (
            f"Let {cls.__name__}() need no argument, tiny() return a {cls.__name__}, and both fit some kind of task."
            if kind != "target"
            else f"Let {cls.__name__}.cases() return pairs of an input specification and a {cls.__name__}."
        )
        yield Finding(label, "cases" if kind == "target" else "tiny", "", False, message, "", advice, error)
        return
    for one, subject, reason in pairs(clauses_of(kind), subjects):
        yield examine(one, subject, label, reason)


def _subjects(kind: str) -> Callable[[Any], Sequence[Any]]:
    if kind == "task":
        from harness.testing import task_subject

        return task_subject.subjects
    if kind == "target":
        from harness.testing import target_subject

        return target_subject.subjects
    from harness.testing import model_subject

    return model_subject.subjects
