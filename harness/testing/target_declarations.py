"""Clauses of the target contract on what a target says of itself: needs, sizes, the arrays that it asks for."""

from __future__ import annotations

import dataclasses

import numpy as np

from harness.contract.metric import Metric
from harness.testing.clause import clause
from harness.testing.target_subject import TargetSubject


@clause(
    "Make the target a dataclass(frozen=True) with a lower-case name; let made_up() return one for any size; give a "
    "vocabulary with bos_id and pad_id to a target that reads a decoder or whose examples are streams.",
    once=True,
)
def target_declarations(subject: TargetSubject) -> None:
    """A target is frozen, can be made for any size, and has a vocabulary where the engine needs its symbols."""
    target, cls = subject.target, type(subject.target)
    assert cls.name.isidentifier(), f"the name '{cls.name}' is no identifier"
    assert cls.name == cls.name.lower(), f"the name '{cls.name}' is not lower-case"
    assert dataclasses.is_dataclass(cls), f"{cls.__name__} is no dataclass"
    assert hash(target) == hash(dataclasses.replace(target)), f"equal targets of {cls.__name__} have different hashes"
    for size in (3, 40):
        made = cls.made_up(size, 2)
        assert type(made) is cls, f"made_up({size}) returns a {type(made).__name__}"
    words = target.vocabulary
    if target.needs.reads == "decoder" or target.needs.streams:
        assert words is not None, "the engine needs symbols that begin and pad a sequence; vocabulary is None"
        assert words.bos_id is not None, "vocabulary names no bos_id"
        assert words.pad_id is not None, "vocabulary names no pad_id"
    assert not target.symbols or words is not None, "symbols is True, and vocabulary is None"
    assert target.parts in ("class", "tag", "horizon", "length", ""), f"parts is '{target.parts}', which nothing draws"
    strangers = [metric for metric in cls.metrics() if not isinstance(metric, Metric)]
    assert not strangers, f"metrics() returns {strangers}; expected harness.Metric"


@clause(
    "Let layout say how Example.target is laid out, answer_for() return such a target, and problem() return None for a "
    "right target and a sentence for a wrong one (out of range, not finite, of another shape)."
)
def targets(subject: TargetSubject) -> None:
    """Targets have the layout that is declared; problem() accepts right ones and says what is wrong with others."""
    target, layout = subject.target, subject.target.layout
    data = subject.batch()
    assert str(data.targets.dtype) == f"torch.{layout.dtype}", f"targets are {data.targets.dtype}, not {layout.dtype}"
    assert len(data.targets.shape) == 1 + len(layout.shape), (
        f"a batch of targets has shape {tuple(data.targets.shape)}; the layout of one is {layout.shape}"
    )
    for example in subject.examples():
        array, steps = np.asarray(example.target), len(np.asarray(example.input))
        problem = target.problem(array, steps)
        assert problem is None, f"problem() refuses the target {array.tolist()}: {problem}"
        wrong = np.full_like(array, -(10**6)) if layout.dtype == "int64" else np.full_like(array, np.nan)
        for bad in (wrong, np.stack([array, array])):
            said = target.problem(bad, steps)
            assert isinstance(said, str), (
                f"problem() does not refuse a target of shape {bad.shape} such as {bad.flat[0]}"
            )
