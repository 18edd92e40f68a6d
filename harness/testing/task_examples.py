"""Clauses of the task contract on examples: as the specifications say, alone and in batches.

Axes: B batch, T input time, U target time, F features, C/Y/X channels, height, width, N nodes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.contract.batch import Example, gatherer, without_input
from harness.contract.specs import FrameInput, GraphSeriesInput, TokenInput, VideoInput
from harness.contract.task import TaskData
from harness.testing.clause import clause
from harness.testing.task_subject import SPLITS, TaskSubject, content, lengths


@clause(
    "Make input_spec and target_spec say the sizes that the data has, keep every split non-empty, and let a split's "
    "input_lengths and target_lengths be those of its examples (harness.ListSplit computes them)."
)
def specifications(subject: TaskSubject) -> None:
    """Every example is as the specifications say, and the lengths of a split are those of its examples."""
    data, task = subject.data, subject.task
    assert isinstance(data.input_spec, task.input_type), f"input_spec is no {task.input_type.__name__}"
    assert isinstance(data.target_spec, task.target_type), f"target_spec is no {task.target_type.__name__}"
    for name in SPLITS:
        split = getattr(data, name)
        assert len(split) > 0, f"the {name} split is empty"
        for part in ("input_lengths", "target_lengths"):
            found = np.asarray(getattr(split, part))
            assert found.shape == (len(split),), (
                f"{part} of the {name} split has shape {found.shape}, not ({len(split)},)"
            )
        for index, example in enumerate(subject.each(name)):
            where = f"{name} example '{example.id}'"
            if example.input is None:
                assert data.target_spec.needs.streams, f"{where} has no input"
            else:
                _check_input(data, example, where)
            _check_target(data, example, where)
            says = (int(split.input_lengths[index]), int(split.target_lengths[index]))
            assert says == lengths(example), f"{where}: the split says lengths {says}, it has {lengths(example)}"


def _no_ctc(subject: TaskSubject) -> str:
    needs = subject.task.target_type.needs
    return "" if needs.subsampling == "declared" else "targets of this kind are always feasible"


@clause(
    "Declare a smaller max_subsampling, or leave out or lengthen examples that are too short for their labels: an "
    "infeasible one has an infinite loss.",
    inapplicable=_no_ctc,
)
def ctc_feasibility(subject: TaskSubject) -> None:
    """Every example has frames for its labels, and a blank between equal ones, when time is shortened as declared."""
    target, declared = subject.data.target_spec, subject.task.max_subsampling
    stated = target.max_subsampling
    assert stated == declared, f"target_spec says max_subsampling={stated}, the task declares {declared}"
    assert declared >= 1, f"max_subsampling is {declared}; it must be at least 1"
    for name in SPLITS:
        for example in subject.each(name):
            needed = target.steps_needed(np.asarray(example.target))
            frames = -(-lengths(example)[0] // declared)
            assert frames >= needed, (
                f"{name} example '{example.id}': its {lengths(example)[1]} labels need {needed} frames; subsampling by "
                f"max_subsampling={declared} leaves {frames}"
            )


@clause(
    "Make reading an example free of side effects: return a new array or one that nobody writes to, let gather and "
    "without_input (harness.contract.gathering) agree with the examples, and let augment draw from the generator it is "
    "given only, returning a new Example with the same id and references."
)
def reading(subject: TaskSubject) -> None:
    """An example read again, or with others, is the same; augmentation repeats and leaves the split as it is."""
    data = subject.data
    for name in SPLITS:
        split = getattr(data, name)
        for index, example in zip(range(min(len(split), 8)), subject.each(name), strict=False):
            before = content(split[index])
            assert content(split[index]) == before, f"{name} example '{example.id}' differs when it is read again"
        _check_gathered(data, name)
    if data.augment is None:
        return
    import torch

    example = data.train[0]
    before = content(example)
    one, two = (data.augment(example, torch.Generator().manual_seed(5)) for _ in range(2))
    assert content(one) == content(two), f"augmentation of '{example.id}' differs with the same generator"
    assert (one.id, one.references) == (example.id, example.references), (
        f"augmentation changed the id or the references of '{example.id}': found '{one.id}', {one.references}"
    )
    assert content(data.train[0]) == before, f"augmentation changed the training split itself, example '{example.id}'"
    _check_input(data, one, f"augmented example '{one.id}'")


def _check_gathered(data: TaskData, name: str) -> None:
    """What a split gives in quicker ways, where it has any, against its examples one by one."""
    import torch

    from harness.training.collate import Collator, collate

    split = getattr(data, name)
    positions = np.arange(min(len(split), 8))[::-1].copy()
    examples = [split[int(i)] for i in positions]
    for position, example in zip(positions.tolist(), examples, strict=True):
        known = without_input(split, position)
        same = known is None or (known.id, content(known)) == (example.id, content(replace(example, input=None)))
        assert same, f"without_input of the {name} split gives another example than '{example.id}'"
    if gatherer(split) is None or any(example.input is None for example in examples):
        return
    found = Collator(split, data.input_spec, data.target_spec)(positions)
    wanted = collate(examples, data.input_spec, data.target_spec)
    parts = ("inputs", "input_lengths", "targets", "target_lengths")
    equal = all(torch.equal(getattr(found, part), getattr(wanted, part)) for part in parts)
    same = equal and found.ids == wanted.ids
    assert same, f"gather of the {name} split gives another batch than its examples do"


def _check_input(data: TaskData, example: Example, where: str) -> None:
    array = np.asarray(example.input)
    assert len(array) > 0, f"{where}: the input is empty"
    match data.input_spec:
        case TokenInput():
            assert array.ndim == 1, f"{where}: tokens have shape {array.shape}, not (T,)"
            assert np.issubdtype(array.dtype, np.integer), f"{where}: tokens are {array.dtype}"
            inside = (array >= 0).all() and (array < data.input_spec.vocab_size).all()
            assert inside, f"{where}: tokens {array.min()}..{array.max()}, vocabulary {data.input_spec.vocab_size}"
            return
        case FrameInput():
            rest: tuple[int, ...] = (data.input_spec.feature_dim,)
        case VideoInput():
            rest = (data.input_spec.channels, data.input_spec.height, data.input_spec.width)
        case GraphSeriesInput():
            rest = (data.input_spec.nodes, data.input_spec.features)
            pairs = [node for edge in data.input_spec.edges for node in edge]
            assert all(0 <= node < rest[0] for node in pairs), f"{where}: an edge names a node outside 0..{rest[0] - 1}"
    assert array.shape[1:] == rest, f"{where}: the input has shape {array.shape}, not (T, {', '.join(map(str, rest))})"
    assert np.isfinite(array).all(), f"{where}: the input is not finite"


def _check_target(data: TaskData, example: Example, where: str) -> None:
    target = np.asarray(example.target)
    layout = data.target_spec.layout
    assert target.ndim == len(layout.shape), f"{where}: the target has shape {target.shape}, not {layout.shape}"
    problem = data.target_spec.problem(target, lengths(example)[0])
    assert problem is None, f"{where}: {problem}"
