"""An installed plug-in against its whole contract: what `harness check` runs, and a test of an author could."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.registry.discovery import load_dataset, registry
from harness.testing.clause import Clause
from harness.testing.examination import Finding, examine, pairs


def clauses_of(kind: str) -> tuple[Clause[Any], ...]:
    """All clauses of the contract of "task", "model", "target" or "dataset", in the order in which they are checked."""
    if kind == "task":
        from harness.testing import task_checks

        return task_checks.CLAUSES
    if kind == "target":
        from harness.testing import target_checks

        return target_checks.CLAUSES
    if kind == "dataset":
        from harness.testing import dataset_checks

        return dataset_checks.CLAUSES
    from harness.testing import model_checks

    return model_checks.CLAUSES


def check_plugin(kind: str, name: str, *, given: Any = None, on: Any = None) -> Iterator[Finding]:
    """Every clause on every case of a plug-in's `cls().tiny()`, or of a target's `cases()`, one finding at a time.

    Args:
        kind: "task", "model", "target" or "dataset".
        name: without the kind; of a data set with its task, "translation.multi30k".
        given: the instance to check; None: one with default options.
        on: real data to check on: the data set itself, or for a model a task.

    Raises:
        UnknownNameError, PluginError: as `harness.registry.discovery.Registry.load`.
        DataError: with `on`, the files cannot be had.
        IncompatibleError: the model cannot do the task.
    """
    cls: Any = load_dataset(*name.split(".", 1)) if kind == "dataset" else registry().load(kind, name)
    label = f"{kind}.{name}"
    clauses = clauses_of(kind)
    if kind == "model" and on is not None:
        from harness.testing import model_data

        clauses = model_data.clauses(clauses)
        data = model_data.loaded(on, cls() if given is None else given)  # the user's affair, and no broken promise
    try:
        if kind == "model" and on is not None:
            subjects: Sequence[Any] = [model_data.subject(given or cls(), on, data)]
        else:
            subjects = _subjects(kind, on is not None)(cls if kind == "target" else cls() if given is None else given)
    except Exception as error:  # whatever a plug-in raises is a finding, not the end of the command
        message = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        advice = (
            f"Let {cls.__name__}() need no argument, tiny() return a {cls.__name__}, and both fit some kind of task."
            if kind != "target"
            else f"Let {cls.__name__}.cases() return pairs of an input specification and a {cls.__name__}."
        )
        yield Finding(label, "cases" if kind == "target" else "tiny", "", False, message, "", advice, error)
        return
    if kind == "dataset" and on is not None:
        subjects[0].dataset.prepare()  # files that are missing are the user's affair, and no broken promise
    for one, subject, reason in pairs(clauses, subjects):
        yield examine(one, subject, label, reason)


def _subjects(kind: str, real: bool) -> Callable[[Any], Sequence[Any]]:
    if kind == "task":
        from harness.testing import task_subject

        return task_subject.subjects
    if kind == "target":
        from harness.testing import target_subject

        return target_subject.subjects
    if kind == "dataset":
        from harness.testing import dataset_subject

        return dataset_subject.real_subjects if real else dataset_subject.subjects
    from harness.testing import model_subject

    return model_subject.subjects
