"""Clauses of the task contract on splits: disjoint, nearly equal examples included, fixed, and the same everywhere."""

from __future__ import annotations

import random
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

import numpy as np

from harness.contract.batch import Example
from harness.contract.task import TaskData
from harness.data.contamination import examine, plain
from harness.errors import DataError
from harness.testing import global_state
from harness.testing.clause import clause
from harness.testing.task_preparation import first_process, later_process
from harness.testing.task_subject import SPLITS, TaskSubject, content, digest, digests


@clause(
    "Give every example an id of its own, and deal each one to a single split before anything else happens (augmented "
    "or repeated copies included)."
)
def splits(subject: TaskSubject) -> None:
    """Ids are unique, and no example of one split stands in another."""
    ids: dict[str, str] = {}
    contents: dict[str, str] = {}
    for name in SPLITS:
        for example in subject.each(name):
            assert example.id not in ids, f"the id '{example.id}' occurs twice, in {ids.get(example.id)} and {name}"
            ids[example.id] = name
            other = contents.setdefault(content(example), name)
            assert other == name, f"example '{example.id}' of the {name} split stands in the {other} split too"


@clause(
    "Split by the input, not by example or id: what has the same input (another transcript, another target, another "
    "spelling of the text beside it) belongs to one split."
)
def near_duplicates(subject: TaskSubject) -> None:
    """No input of one split occurs in another, whatever id, target or text stands beside it.

    Inputs are compared value by value, so copies with noise or another crop are not recognised. Different texts may
    have the same symbols where a symbol stands for several words; the task's `encode` must then say so of both.
    """
    by_target = subject.data.target_spec.needs.streams
    seen: dict[str, tuple[str, Example]] = {}
    for name in SPLITS:
        for example in subject.each(name):
            value = np.asarray(example.target if by_target or example.input is None else example.input)
            kind = np.int64 if np.issubdtype(value.dtype, np.integer) else np.float32
            other, twin = seen.setdefault(digest(value.astype(kind)), (name, replace(example, input=None)))
            assert other == name or _other_text(subject.data, example, twin.source), (
                f"example '{example.id}' of the {name} split has the input of '{twin.id}' of the {other} split"
            )


def _other_text(data: TaskData, example: Example, text: str) -> bool:
    """Whether an example's text is not this one, and both are encoded to its input."""
    made = data.preprocessing
    if made is None or not (example.source and text) or plain(example.source) == plain(text):
        return False
    with suppress(DataError):
        return all(np.array_equal(made.encode(one), np.asarray(example.input)) for one in (example.source, text))
    return False


@clause(
    "Leave out of training what held-out examples repeat in another spelling, within another recording or over long "
    "passages (`harness.data.contamination.plain` makes texts comparable); deal whole recordings and documents to one "
    "split before composing examples of them."
)
def copies(subject: TaskSubject) -> None:
    """No held-out example repeats an earlier split's text, recording or passages (see `harness.data.contamination`)."""
    found = examine(subject.data).duplicates
    assert not found, f"{found[0]} ({len(found)} such examples)"


@clause(
    "Draw from a generator of your own with a fixed seed (numpy.random.default_rng(self.data_seed)), never from a "
    "global one; sort what comes from a set, a folder or a dictionary of sets; use no hash() and no clock."
)
def repeatable(subject: TaskSubject) -> None:
    """Loading again gives the same data to the last bit, whatever the global generators did, and in any process."""
    import torch

    loads = []
    with global_state.own_generators():
        for seed in (0, 1):
            np.random.seed(seed)  # the legacy generator is what a careless task would draw from
            random.seed(seed)
            torch.manual_seed(seed)
            task = deepcopy(subject.task)
            task.prepare_data()
            loads.append(digests(task.setup()))
    _same(loads[0], loads[1], "between two calls of setup()")
    one, two = first_process(subject), later_process(subject)
    _same(one.digests, two.digests, "between two processes (they order sets differently)")
    _same(loads[0], one.digests, "between this process and another")


def _same(one: dict[str, list[tuple[str, str]]], two: dict[str, list[tuple[str, str]]], what: str) -> None:
    for name in SPLITS:
        if one[name] == two[name]:
            continue
        places = [i for i, (a, b) in enumerate(zip(one[name], two[name], strict=False)) if a != b]
        where = f"example '{one[name][places[0]][0]}'" if places else f"{len(one[name])} and {len(two[name])} examples"
        raise AssertionError(f"the {name} split differs {what}: {where}")
