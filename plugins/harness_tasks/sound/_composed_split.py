"""Recordings and strings of them as examples: frames normalised, text as labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered, Ragged
from harness_tasks.sound._transcripts import Alphabet
from harness_tasks.sound.composed_frames import ComposedFrames


class ComposedSplit:
    """A split (a `harness.contract.batch.Split`) over `ComposedFrames`, put together when asked for.

    Args:
        raw: the examples as the data set composes them.
        normalise: of frames (N, F).
        alphabet: of the texts.
        seconds_per_frame: from the start of one frame to the next; None: not known.
    """

    def __init__(
        self,
        raw: ComposedFrames,
        normalise: Callable[[np.ndarray], np.ndarray],
        alphabet: Alphabet,
        seconds_per_frame: float | None,
    ) -> None:
        self._raw, self._normalise, self._step = raw, normalise, seconds_per_frame
        self._labels = Ragged.of([alphabet.encode(text) for text in raw.texts])
        self.input_lengths, self.target_lengths = raw.rows.lengths, self._labels.lengths

    def __len__(self) -> int:
        return len(self._raw)

    def __getitem__(self, index: int) -> Example:
        return replace(self.without_input(index), input=self._table[self._raw.rows[index]])  # (T, F)

    def without_input(self, index: int) -> Example:
        """An example that is not put together."""
        raw = self._raw
        units = {} if self._step is None else {"seconds": self._step * int(self.input_lengths[index])}
        return Example(raw.ids[index], None, self._labels[index], (raw.texts[index],), raw.sources[index], units)

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Examples put together at once: every frame of the batch is looked up in one table."""
        rows, input_lengths = self._raw.rows.padded(positions, len(self._table) - 1)
        targets, target_lengths = self._labels.padded(positions, target_pad)
        ids = tuple(self._raw.ids[index] for index in positions.tolist())
        return Gathered(ids, self._table.take(rows, axis=0), input_lengths, targets, target_lengths)

    @cached_property
    def _table(self) -> np.ndarray:
        """All frames that examples are made of, normalised, float32 (N, F), and the zeros of padding."""
        frames = self._normalise(self._raw.table)
        return np.concatenate([frames, np.zeros((1, frames.shape[1]), dtype=frames.dtype)])
