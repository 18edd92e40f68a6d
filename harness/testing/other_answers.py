"""The answers of other examples, by which it is checked that a metric sees wrong ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.contract.target import Answer, Target


def answers_of_others(target: Target, right: Sequence[Answer]) -> tuple[list[Answer], int]:
    """For each example the right answer of another, in the length that a model would give it.

    Answers are turned by so many places that most of them become wrong: a split may be sorted by class. A model
    answers every step of the input where the target has a value for each, so there the other answer is repeated or
    cut to the length of the example's own.

    Returns:
        The answers, and by how many places they were turned.
    """

    def turned(by: int) -> list[Answer]:
        others = [right[(i + by) % len(right)] for i in range(len(right))]
        if not one_each_step(target) or right[0].output is None:  # None: scored by likelihood alone
            return others
        return [
            other._replace(output=_resized(other.output, own.output)) for own, other in zip(right, others, strict=True)
        ]

    def wrong(by: int) -> int:
        return sum(repr(own.output) != repr(other.output) for own, other in zip(right, turned(by), strict=True))

    by = max(range(1, max(2, len(right))), key=wrong)
    return turned(by), by


def one_each_step(target: Target) -> bool:
    """Whether a model answers once for every step of the input."""
    return (
        target.needs.reads == "features" and target.needs.subsampling == "none" and target.layout.shape[:1] == (None,)
    )


def _resized(output: list, own: list) -> list:
    return np.resize(np.asarray(output), (len(own), *np.asarray(output).shape[1:])).tolist()
