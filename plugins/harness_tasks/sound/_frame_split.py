"""A split of recordings whose frames are normalised when they are read, one by one or a batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered, Ragged
from harness.contract.raw import RawExample
from harness_tasks.sound.deferred_frames import frames_of_each, without_frames


class FramePreparation(Protocol):
    """What becomes of a recording."""

    def encode(self, source: Any) -> np.ndarray:
        """Frames (T, F), normalised."""
        ...

    def described(self, raw: RawExample) -> Example:
        """The example without its frames."""
        ...


class FrameSplit:
    """A split (a `harness.contract.batch.Split`) that need not fit into memory.

    Args:
        raw: frames (T, F), not normalised, and their answers.
        preparation: of each.
    """

    def __init__(self, raw: Sequence[RawExample], preparation: FramePreparation) -> None:
        self._frames, self._preparation = frames_of_each(raw), preparation
        self._examples = [preparation.described(one) for one in without_frames(raw)]
        targets = [one.target for one in self._examples]
        single = not all(isinstance(target, np.ndarray) for target in targets)
        self._targets = np.array(targets, dtype=np.int64) if single else Ragged.of(targets)
        self.input_lengths: np.ndarray = np.array([len(frames) for frames in self._frames], dtype=np.int64)
        self.target_lengths: np.ndarray = (
            np.ones(len(targets), dtype=np.int64) if isinstance(self._targets, np.ndarray) else self._targets.lengths
        )

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return replace(self._examples[index], input=self._preparation.encode(self._frames[index][:]))

    def without_input(self, index: int) -> Example:
        """All of an example but its frames."""
        return self._examples[index]

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Frames normalised one recording at a time, and written where the batch holds them."""
        lengths, chosen = self.input_lengths[positions], positions.tolist()
        frames = [self._preparation.encode(self._frames[index][:]) for index in chosen]
        inputs = np.full((len(chosen), int(lengths.max()), frames[0].shape[1]), input_pad, dtype=np.float32)
        for row, one in zip(inputs, frames, strict=True):
            row[: len(one)] = one
        ids = tuple(self._examples[index].id for index in chosen)
        if isinstance(self._targets, np.ndarray):
            return Gathered(ids, inputs, lengths, self._targets[positions], self.target_lengths[positions])
        return Gathered(ids, inputs, lengths, *self._targets.padded(positions, target_pad))
