"""The task contract's mutation score: tasks with one deliberate fault each, and the clause that must catch it."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from preparation_mutants import Stored
from remark_mutants import Remarks
from tagging_mutants import Capitals
from task_mutants import Ahead, Letters, Pooled, Sides, Spelled, Unstated

from harness.contract.batch import Example
from harness.contract.task import Task
from harness.data.sources import FileSource, FolderSource, GeneratedSource, InstalledSource, UrlSource, WheelSource
from harness.testing import task_declarations
from harness.testing.clause import Clause
from harness.testing.examination import Finding, examine
from harness.testing.task_checks import CLAUSES
from harness.testing.task_splits import _other_text
from harness.testing.task_subject import TaskSubject, subjects

SOUND = (Sides(), Pooled(), Letters(), Remarks(), Spelled(), Ahead(), Capitals(), Stored())


class Entry(NamedTuple):
    """A faulty task, the clause that must catch it, and what its message must say."""

    task: Task
    clause: str
    message: str


MUTANTS = (
    Entry(Unstated(), "contract_version", "module 'json' does not state HARNESS_CONTRACT; expected 2"),
    Entry(Sides(fault="grows when read"), "configuration", "through YAML the configuration changes"),
    Entry(Sides(fault="no name"), "declarations", "dataset_name is empty"),
    Entry(Sides(fault="no unit"), "declarations", "'accuracy' has no unit"),
    Entry(Sides(fault="no direction"), "declarations", "does not declare its direction"),
    Entry(Sides(fault="shouted name"), "declarations", "names are lower case"),
    Entry(Sides(fault="two of one name"), "declarations", "two metrics share a name"),
    Entry(Sides(fault="stray reference"), "declarations", "names the metric 'bleu'"),
    Entry(Sides(fault="tiny is another class"), "declarations", r"tiny\(\) returns a Sides2, not a Sides"),
    Entry(Sides(fault="no source"), "sources", "sources.. is empty"),
    Entry(Sides(fault="no licence"), "sources", "source 'sides' has no licence"),
    Entry(Sides(fault="synthetic and silent about it"), "sources", "says synthetic=False, its sources say True"),
    Entry(Sides(fault="tiny is downloaded"), "sources", "must need no download; its source 'sides' is url"),
    Entry(Sides(fault="fingerprint of the moment"), "fingerprint", "differs between two calls"),
    Entry(Sides(fault="short fingerprint"), "fingerprint", "3 characters; a SHA-256 has 64"),
    Entry(Sides(fault="empty split"), "specifications", "the val split is empty"),
    Entry(Sides(fault="class out of range"), "specifications", "class 2 of 2"),
    Entry(Sides(fault="wrong feature_dim"), "specifications", r"shape \(3, 2\), not \(T, 3\)"),
    Entry(Sides(fault="not finite"), "specifications", "test example 'test0': the input is not finite"),
    Entry(Sides(fault="wrong lengths"), "specifications", "the split says lengths"),
    Entry(Sides(fault="ids that change"), "batches", "an epoch does not hold every example once"),
    Entry(Spelled(fault="infeasible for CTC"), "ctc_feasibility", "max_subsampling=9 leaves 1"),
    Entry(Spelled(fault="two subsamplings"), "ctc_feasibility", "says max_subsampling=1, the task declares 2"),
    Entry(Sides(fault="shared id"), "splits", "'train0' occurs twice, in train and test"),
    Entry(Sides(fault="test in train"), "splits", "'test1' of the test split stands in the train split too"),
    Entry(
        Sides(fault="near duplicate"),
        "near_duplicates",
        "'test1' of the test split has the input of 'new' of the train split",
    ),
    Entry(Spelled(fault="recording again"), "copies", "'test1' of test has the frames of train or val"),
    Entry(Remarks(fault="spelled otherwise"), "copies", "'test80' of test has the text of 'train1' of train"),
    Entry(Letters(fault="passage again"), "copies", "'test0' of test has the passages of train or val"),
    Entry(Sides(fault="global draws"), "repeatable", "the test split differs between two calls of setup"),
    Entry(Sides(fault="order of a set"), "repeatable", "the test split differs between two processes"),
    Entry(Letters(fault="vocabulary of all splits"), "vocabulary", "6 symbols of the target vocabulary of 14 occur in"),
    Entry(Pooled(fault="normalised over all"), "normalisation", "looks as if normalised over train . val . test"),
    Entry(Sides(fault="drifts when read"), "reading", "'train0' differs when it is read again"),
    Entry(Sides(fault="gathers others"), "reading", "gather of the val split gives another batch"),
    Entry(Sides(fault="describes others"), "reading", "without_input of the val split gives another example than 'val"),
    Entry(Sides(fault="augments in place"), "reading", "augmentation changed the training split itself"),
    Entry(Sides(fault="augments at random"), "reading", "augmentation of 'train0' differs with the same generator"),
    Entry(Remarks(fault="encodes otherwise"), "preprocessing", "encode of raw example 'train0' differs from its input"),
    Entry(Remarks(fault="encodes answers otherwise"), "preprocessing", "encode_target of raw example 'train0' differs"),
    Entry(Remarks(fault="counts otherwise"), "preprocessing", "'train0' has other units, on which scores depend"),
    Entry(Remarks(fault="knows no raw examples"), "preprocessing", r"raw_examples\('train'\) returns None"),
    Entry(Remarks(fault="forgets a raw example"), "preprocessing", "has no raw example of 'train0'"),
    Entry(Remarks(fault="saves nothing"), "preprocessing", "save wrote no file"),
    Entry(
        Remarks(fault="saves another order"), "preprocessing", "differs from its input once it is read from its files"
    ),
    Entry(Remarks(fault="saves the moment"), "preprocessing", "'made.txt' is another"),
    Entry(Remarks(fault="pickles"), "preprocessing", "save wrote 'words.bin', which is a pickle"),
    Entry(Remarks(fault="loads nothing"), "preprocessing", "load_preprocessing returns None"),
    Entry(Sides(fault="blind"), "scoring", "does not see wrong predictions"),
    Entry(Sides(fault="not finite score"), "scoring", "of perfect predictions is -inf"),
    Entry(Sides(fault="NaN for wrong answers"), "scoring", "'accuracy' of wrong predictions is nan, such as"),
    Entry(Sides(fault="infinite for wrong answers"), "scoring", "'odds' of wrong predictions is -inf"),
    Entry(Capitals(fault="blind"), "scoring", "does not see wrong predictions"),
    Entry(Sides(fault="wrong direction"), "directions", r"higher is better: False\) gives perfect predictions"),
    Entry(Sides(fault="drops a row"), "statistics", "11 rows for 12 predictions"),
    Entry(Sides(fault="no json"), "statistics", "no JSON"),
    Entry(Sides(fault="unordered baseline"), "baselines", "in order"),
    Entry(Sides(fault="unseeded baseline"), "baselines", "differs with the same seed"),
    Entry(Sides(fault="unscaled inputs"), "initial_loss", "expected about 0.693, that of outputs that are 0"),
    Entry(Ahead(fault="targets on the raw scale"), "initial_loss", "on the train-normalised scale it is about 1"),
    Entry(Sides(fault="constant inputs"), "learning", "steps on 8 examples bring the loss from"),
    Entry(Stored(fault="appends"), "preparation_twice", "changes files of the cache: log"),
    Entry(Stored(fault="other data again"), "preparation_twice", "changes files of the cache: stored"),
    Entry(Stored(fault="in place"), "preparation_at_once", "two processes at once"),
    Entry(Stored(fault="one temporary name"), "preparation_at_once", "two processes at once .* FileNotFoundError"),
    Entry(Stored(fault="a marker of its own"), "preparation_at_once", "two processes at once .* FileExistsError"),
    Entry(Stored(fault="in place"), "preparation_killed", "killed after operation . of ., and prepared anew|anew"),
    Entry(Stored(fault="a marker of its own"), "preparation_killed", "prepared anew: FileExistsError"),
    Entry(Sides(fault="network in setup"), "offline", "the network is out of reach|reaches for the network"),
)

BY_NAME = {one.name: one for one in CLAUSES}


def _name(entry: Entry) -> str:
    fault = getattr(entry.task, "fault", "") or type(entry.task).__name__
    return f"{type(entry.task).__name__}: {fault}: {entry.clause}".replace(" ", "_")


@cache
def _finding(number: int) -> Finding:
    """What the suite says of a mutant; asked once, for its own test and for the score."""
    entry = MUTANTS[number]
    return examine(BY_NAME[entry.clause], subjects(entry.task)[0])


@pytest.fixture(scope="module")
def sound() -> dict[str, TaskSubject]:
    """Each sound task, its data loaded once."""
    return {task.name: subjects(task)[0] for task in SOUND}


@pytest.mark.parametrize("one", CLAUSES, ids=lambda c: c.name)
@pytest.mark.parametrize("name", [task.name for task in SOUND])
def test_a_sound_task_passes(one: Clause[TaskSubject], name: str, sound: dict[str, TaskSubject]) -> None:
    finding = examine(one, sound[name])
    assert finding.held is not False, finding.report


@pytest.mark.parametrize("entry", MUTANTS, ids=_name)
def test_a_mutant_is_caught(entry: Entry) -> None:
    finding = _finding(MUTANTS.index(entry))
    assert finding.held is False, "the fault was not found"
    assert re.search(entry.message, finding.message), finding.report
    assert finding.advice


def test_the_example_that_fails_is_shown() -> None:
    finding = examine(BY_NAME["near_duplicates"], subjects(Sides(fault="near duplicate"))[0])
    assert re.match(r"'test1' \(input \[\[.* of shape \(4, 2\), target [01]\)", finding.example), finding.example
    assert examine(BY_NAME["offline"], subjects(Sides(fault="network in setup"))[0]).example == ""


@pytest.mark.parametrize(
    ("text", "other", "copies"),
    [
        ("play Nina", "play Ella", False),  # both names are unknown words
        ("play Nina", "Play, NINA!", True),
        ("play Nina", "stop it", True),  # not what is encoded to these symbols
        ("play Nina", "", True),
    ],
)
def test_texts_that_only_unknown_words_make_equal_are_no_copies(text: str, other: str, copies: bool) -> None:
    class Words:
        def encode(self, source: Any) -> np.ndarray:
            return np.array([{"play": 1, "stop": 2}.get(word.lower().strip(",!"), 0) for word in source.split()])

    data: Any = SimpleNamespace(preprocessing=Words())
    example = Example("a", np.array([1, 0]), 0, source=text)
    assert _other_text(data, example, other) is not copies


def test_every_clause_has_a_mutant() -> None:
    assert {entry.clause for entry in MUTANTS} == set(BY_NAME)


def test_the_mutation_score(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m pytest tests/unit/testing -k mutation_score` prints it."""
    written = {_name(entry).rpartition(":")[0] for entry in MUTANTS}
    caught = {_name(e).rpartition(":")[0] for number, e in enumerate(MUTANTS) if _finding(number).held is False}
    with capsys.disabled():
        print(f"\ntask contract: {len(written)} mutants written, {len(caught)} caught")
    assert caught == written


def test_a_task_may_use_every_kind_of_source() -> None:
    given: tuple[type[Any], ...] = (
        WheelSource,
        UrlSource,
        FolderSource,
        FileSource,
        InstalledSource,
        GeneratedSource,
    )
    kinds = {next(f.default for f in dataclasses.fields(cls) if f.name == "kind") for cls in given}
    assert kinds == set(task_declarations.KINDS)
