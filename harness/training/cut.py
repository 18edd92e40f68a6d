"""The beginnings of examples: real rows that are short, for what looks at a network before or without training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.contract.batch import Example, Split
from harness.contract.target import Target
from harness.training.score_stream import stream_symbols


def cut(split: Split, position: int, steps: int, target: Target, factor: int = 1) -> Example:
    """The first steps of an example, with as much of its target as is possible for them.

    The input of a stream, which examples leave out, is there afterwards.

    Args:
        split: of a task's data.
        position: of the example.
        steps: how long the input becomes at most.
        target: the specification.
        factor: by how much the model shortens time.
    """
    example = split[position]
    wanted = np.asarray(example.target)
    if example.input is None:
        wanted = wanted[:steps]
        begin = np.full(1, stream_symbols(target)[0], dtype=wanted.dtype)
        return replace(example, input=np.concatenate([begin, wanted[:-1]]), target=wanted)
    shortened = np.asarray(example.input)[:steps]
    if target.layout.shape[:1] == (None,):
        wanted = _possible(wanted, len(example.input), len(shortened), target, factor)
    return replace(example, input=shortened, target=wanted)


def _possible(wanted: np.ndarray, whole: int, steps: int, target: Target, factor: int) -> np.ndarray:
    """A target with a length of its own, for an input of `steps` instead of `whole` steps."""
    if len(wanted) == whole and target.needs.reads == "features":
        return wanted[:steps]
    if target.needs.reads == "decoder":  # the last symbol ends the sequence
        return wanted if len(wanted) <= steps else np.concatenate([wanted[: steps - 1], wanted[-1:]])
    most = min(len(wanted), -(-steps // factor))
    return wanted[: next((n for n in range(most, 1, -1) if target.steps_needed(wanted[:n]) <= -(-steps // factor)), 1)]
