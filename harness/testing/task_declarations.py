"""Clauses of the task contract on what is said before any data: metrics, sources, licences, the data's fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy

from harness.contract.task import Reference, Task
from harness.errors import DataError
from harness.testing.clause import clause
from harness.testing.task_subject import TaskSubject

KINDS = ("wheel", "installed", "url", "folder", "file", "generated")


@clause(
    "Give each metric a lower-case name, a unit and a direction, each published figure the name of a metric and its "
    "source, the data set a name; let tiny() return the same class.",
    once=True,
)
def declarations(subject: TaskSubject) -> None:
    """Metrics have names, units and directions; references name metrics; a data set has a name."""
    for task in subject.configurations:
        assert task.metrics, "a task needs at least one metric; the first is the primary one"
        names = [m.name for m in task.metrics]
        assert len(set(names)) == len(names), f"two metrics share a name: {names}"
        for metric in task.metrics:
            assert metric.name == metric.name.lower(), f"metric '{metric.name}': names are lower case"
            assert metric.unit, f"metric '{metric.name}' has no unit"
            assert isinstance(metric.higher_is_better, bool), f"metric '{metric.name}' does not declare its direction"
        check_references(task.references, names)
        assert task.dataset_name, "dataset_name is empty"
        assert task.loader.batch_size > 0, f"loader.batch_size is {task.loader.batch_size}; it must be positive"
    given, small = subject.configurations
    assert type(small) is type(given), f"tiny() returns a {type(small).__name__}, not a {type(given).__name__}"


def check_references(references: Sequence[Reference], metrics: Sequence[str]) -> None:
    """Published figures are of known metrics, have a source, and say under what they were measured in our terms.

    Raises:
        AssertionError: one is not or does not.
    """
    for reference in references:
        assert reference.metric in metrics, (
            f"a published figure names the metric '{reference.metric}'; known: {list(metrics)}"
        )
        assert reference.source, f"the published figure of '{reference.system}' has no source"
        assert reference.tolerance >= 0, (
            f"the published figure of '{reference.system}' has the tolerance {reference.tolerance}, below zero"
        )
        assert all(":" in part for part in reference.signature.split("|") if part), (
            f"the published figure of '{reference.system}' has the signature '{reference.signature}'; its parts "
            "must be name:value, separated by |"
        )


@clause(
    "Return from sources() every source with name, kind, licence and origin; let `synthetic` of the task say what its "
    "sources say; let tiny() use generated data only.",
    once=True,
)
def sources(subject: TaskSubject) -> None:
    """Every source has a name, a licence and an origin; the task is synthetic just where all its sources are."""
    for task in subject.tasks:
        _check_sources(task)
    for source in subject.task.sources() if subject.generated else ():
        assert source.kind == "generated", f"tiny() must need no download; its source '{source.name}' is {source.kind}"


def _check_sources(task: Task) -> None:
    found = task.sources()
    assert found, (
        "sources() is empty: name where the data comes from (harness.data.sources.GeneratedSource for a formula)"
    )
    for source in found:
        for part in ("name", "licence", "origin"):
            value = getattr(source, part, None)
            assert isinstance(value, str) and value, (  # noqa: PT018
                f"source '{getattr(source, 'name', source)}' has no {part}: found {value!r}"
            )
        assert source.kind in KINDS, f"source '{source.name}' is of kind '{source.kind}'; kinds are {', '.join(KINDS)}"
        with suppress(DataError):  # a folder that was not given has none
            assert source.fingerprint() == source.fingerprint(), (
                f"source '{source.name}' has another fingerprint each time"
            )
    made = all(source.synthetic for source in found)
    assert task.synthetic is made, (
        f"data set '{task.dataset_name}': the task says synthetic={task.synthetic}, its sources say {made}"
    )


@clause(
    "Compute data_fingerprint from sources, options and the version of the preparation only, as a SHA-256 in hex: no "
    "time, no path, no random number, no hash().",
    once=True,
)
def fingerprint(subject: TaskSubject) -> None:
    """The data's fingerprint is known before the data, the same twice, and made of 64 hex digits."""
    for task in subject.tasks:
        try:
            one, two = task.data_fingerprint(), deepcopy(task).data_fingerprint()
        except DataError:  # the files are the user's, and were not given
            assert task is not subject.task, "tiny() has no fingerprint"
            continue
        assert one == two, f"data_fingerprint differs between two calls: {one} and {two}"
        assert len(one) == 64, f"data_fingerprint has {len(one)} characters; a SHA-256 has 64"
        assert set(one) <= set("0123456789abcdef"), f"data_fingerprint is no hex digest: {one}"
