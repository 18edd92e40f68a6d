"""Clauses of the data set contract alone: what is declared, and raw examples that the task can encode."""

from __future__ import annotations

import dataclasses

from harness.contract.dataset import RawExample
from harness.data.hub import HubSource
from harness.data.sources import FolderSource, InstalledSource, UrlSource, WheelSource
from harness.testing.clause import clause
from harness.testing.dataset_subject import DatasetSubject
from harness.testing.task_declarations import check_references
from harness.testing.task_subject import SPLITS

REREAD = 100
"""So many examples of a split are looked at a second time."""


@clause(
    "Let `defaults` name options of the task only, `references` metrics of the task with a source each and, where they "
    "hold for some options alone, the data set's name in reports; give `label` a text; let tiny() return a data set of "
    "the same task.",
    once=True,
)
def declared(subject: DatasetSubject) -> None:
    """Defaults name options of the task, published figures its metrics and their source; there is a label."""
    known = {field.name for field in dataclasses.fields(subject.original)} - {"dataset"}
    metrics = [metric.name for metric in subject.original.metrics]
    given, checked = subject.configurations
    for dataset in (given, checked):
        assert isinstance(dataset.label, str), f"the label is {dataset.label!r}; it must be a text"
        assert dataset.label, "the label is empty"
        unknown = sorted(set(dataset.defaults) - known)
        assert not unknown, f"defaults name '{unknown[0]}', which is no option of the task; options: {sorted(known)}"
        check_references(dataset.references, metrics)
    assert checked.task == given.task, f"tiny() is a data set of task '{checked.task}', not of '{given.task}'"


@clause(
    "Name a wheel's or a file's SHA-256 (`sha256=`): what was published once stays what it was, or is refused.",
    once=True,
)
def checksums(subject: DatasetSubject) -> None:
    """What is downloaded has a SHA-256 that it is checked against."""
    for dataset in subject.configurations:
        for source in dataset.sources():
            if not isinstance(source, WheelSource | InstalledSource | UrlSource):
                assert isinstance(source, FolderSource | HubSource) or source.kind in ("folder", "file", "generated"), (
                    f"source '{source.name}' is downloaded by a class of its own; use WheelSource or UrlSource"
                )
                continue
            digest = source.sha256
            assert len(digest) == 64, f"source '{source.name}' has no SHA-256: found {digest!r}"
            assert set(digest) <= set("0123456789abcdef"), f"source '{source.name}' has no SHA-256: found {digest!r}"


@clause(
    "Return RawExample objects whose input and target are of the types that the base class of the task's data sets "
    "says (`raw_input`, `raw_target`), with ids that are unique over all splits, the same at every read()."
)
def raw_examples(subject: DatasetSubject) -> None:
    """Raw examples are of the types that the task encodes, under ids of their own, and the same when read again."""
    dataset, seen = subject.dataset, dict[str, str]()
    again = dataset.read()
    for name in SPLITS:
        part, second = getattr(subject.raw, name), getattr(again, name)
        assert len(part) > 0, f"the {name} split is empty"
        assert len(part) == len(second), f"the {name} split has {len(part)} examples, and {len(second)} when read again"
        step = max(1, len(part) // REREAD)
        for index, one in enumerate(part):
            where = f"{name} example {index}"
            assert isinstance(one, RawExample), f"{where} is a {type(one).__name__}, not a RawExample"
            assert one.id not in seen, f"the id '{one.id}' occurs twice, in {seen[one.id]} and {name}"
            seen[one.id] = name
            for what, wanted in (("input", dataset.raw_input), ("target", dataset.raw_target)):
                value = getattr(one, what)
                assert isinstance(value, wanted), (
                    f"{where} ('{one.id}'): the {what} is a {type(value).__name__}; task '{dataset.task}' reads "
                    f"{wanted.__name__}"
                )
            if index % step == 0:
                assert second[index].id == one.id, f"{where} is '{one.id}', and '{second[index].id}' when read again"


@clause(
    "Check the files of a source by their published checksums (harness.data.sources does), or repair your copy.",
    inapplicable=lambda subject: "" if subject.real else "the tiny form is generated",
)
def verified(subject: DatasetSubject) -> None:
    """Real files are those that were published."""
    for source in subject.dataset.sources():
        source.verify()
