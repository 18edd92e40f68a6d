"""Data sets with one deliberate fault each, and the clause that must catch it.

The clauses on splits and on preparation are those of tasks, whose mutants are in test_task_mutants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from harness_datasets.text_generation.counting import Counting
from harness_datasets.translation.cipher import Cipher

from harness.contract.dataset import Dataset, RawData
from harness.contract.task import Reference
from harness.data.sources import Source, UrlSource
from harness.testing import dataset_checks
from harness.testing.check import check_plugin
from harness.testing.dataset_subject import real_subjects, subjects
from harness.testing.examination import Finding, examine


@dataclass
class Faulty(Cipher):
    """The toy language, wrong where told."""

    name: ClassVar[str] = "faulty"
    reads: ClassVar[list[int]] = []

    fault: str = ""

    @property
    def label(self) -> str:
        """Empty where told."""
        return "" if self.fault == "no label" else super().label

    @property
    def references(self) -> tuple[Reference, ...]:
        """One that is wrong, where told."""
        return {
            "stray metric": (Reference("wer", 3.0, "a system", "someone"),),
            "nobody to cite": (Reference("bleu", 3.0, "a system", ""),),
            "signature in words": (Reference("bleu", 3.0, "a system", "someone", signature="lower case"),),
            "negative tolerance": (Reference("bleu", 3.0, "a system", "someone", tolerance=-1.0),),
        }.get(self.fault, ())

    @property
    def defaults(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Of an option that does not exist, where told."""
        return {"lower_case": True} if self.fault == "stray default" else {}

    def sources(self) -> tuple[Source, ...]:
        """A download without a checksum, where told."""
        if self.fault == "no checksum":
            return (UrlSource("faulty", "https://data.example.org/x", "", 0.1, "own"),)
        return super().sources()

    def read(self) -> RawData:
        """Wrong examples, where told."""
        data = super().read()
        match self.fault:
            case "list for a text":
                data.val = [replace(one, input=one.input.split()) for one in data.val]
            case "plain tuple":
                data.test = [("id", "a", "b")]  # type: ignore[list-item]
            case "shared id":
                data.test = [replace(data.test[0], id=data.train[0].id), *data.test[1:]]
            case "empty":
                data.val = []
            case "another order each time":
                self.reads.append(1)
                data.train = list(data.train)[:: 1 if len(self.reads) % 2 else -1]
        return data

    def tiny(self) -> Dataset:
        """Itself, or a data set of another task."""
        return Counting() if self.fault == "tiny of another task" else self  # type: ignore[return-value]


MUTANTS = [
    ("no label", "declared", "the label is empty"),
    ("stray metric", "declared", "names the metric 'wer'"),
    ("nobody to cite", "declared", "has no source"),
    ("signature in words", "declared", "its parts must be name:value"),
    ("negative tolerance", "declared", "below zero"),
    ("stray default", "declared", "'lower_case', which is no option of the task"),
    ("no checksum", "checksums", "source 'faulty' has no SHA-256"),
    ("list for a text", "raw_examples", "the input is a list; task 'translation' reads str"),
    ("plain tuple", "raw_examples", "test example 0 is a tuple, not a RawExample"),
    ("shared id", "raw_examples", "occurs twice, in train and test"),
    ("empty", "raw_examples", "the val split is empty"),
    ("another order each time", "raw_examples", "when read again"),
]


def _finding(dataset: Dataset, clause: str) -> Finding:
    (subject,) = subjects(dataset)
    (one,) = [one for one in dataset_checks.CLAUSES if one.name == clause]
    return examine(one, subject)


@pytest.mark.parametrize(("fault", "clause", "message"), MUTANTS)
def test_each_fault_is_caught_by_its_clause(fault: str, clause: str, message: str) -> None:
    finding = _finding(Faulty(fault=fault), clause)
    assert finding.held is False
    assert message in finding.message


@pytest.mark.parametrize("clause", ["declared", "checksums", "raw_examples"])
def test_the_data_set_without_a_fault_is_sound(clause: str) -> None:
    assert _finding(Faulty(), clause).held


def test_a_tiny_form_of_another_task_is_a_finding() -> None:
    (finding,) = check_plugin("dataset", "translation.cipher", given=Faulty(fault="tiny of another task"))
    assert (finding.clause, finding.held) == ("tiny", False)


def test_real_files_are_verified_and_not_prepared_anew() -> None:
    (subject,) = real_subjects(Faulty())
    findings = {one.name: examine(one, subject).held for one in dataset_checks.CLAUSES}
    assert findings["verified"]
    assert findings["raw_examples"]
    assert findings["preparation_killed"] is None
