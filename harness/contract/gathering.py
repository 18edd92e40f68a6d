"""Many examples of a split at once, as a batch holds them: what spares a Python loop over examples.

A split need only give examples one by one (`harness.contract.batch.Split`). It may also have

    gather(positions, input_pad, target_pad) -> Gathered | None     if it can put a padded batch together more cheaply
    without_input(index) -> Example | None                          if it can tell all but the input more cheaply
    end_to_end(bos) -> np.ndarray | None                            if the symbols of its documents lie end to end,
        perhaps in a file mapped into memory: whole numbers (N,), the symbol `bos` before each document

All must agree with the split's examples to the last bit. A class that overrides `__getitem__` of such a split and
nothing else is read example by example again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Gather = Callable[[np.ndarray, int, int], "Gathered | None"]
"""(positions int64 (B,), padding of inputs, padding of targets) -> the examples; None: not these, read them singly."""


@dataclass(frozen=True)
class Gathered:
    """Examples side by side, in the order of the positions asked for.

    Attributes:
        ids: of the examples.
        inputs: (B, T, ...), padded, in an array of its own that nobody else keeps.
        input_lengths: int64 (B,).
        targets: (B,) where a target is one number, else (B, U, ...), padded.
        target_lengths: int64 (B,); ones where the target has no length.
    """

    ids: tuple[str, ...]
    inputs: np.ndarray
    input_lengths: np.ndarray
    targets: np.ndarray
    target_lengths: np.ndarray


class Ragged:
    """Arrays (T_i, ...) of different lengths, end to end in one array, so that a padded batch of them is one look-up.

    Args:
        values: (sum of T_i, ...).
        lengths: int64 (N,), every T_i.

    Attributes:
        lengths: as given.
    """

    def __init__(self, values: np.ndarray, lengths: np.ndarray) -> None:
        self._values, self.lengths = values, np.asarray(lengths, dtype=np.int64)
        self._starts = np.cumsum(self.lengths) - self.lengths

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray]) -> Ragged:
        """From one array each, of equal type and equal shape but for their lengths."""
        values = np.concatenate(arrays) if len(arrays) else np.zeros(0, dtype=np.int64)
        return cls(values, np.array([len(a) for a in arrays], dtype=np.int64))

    def __getitem__(self, index: int) -> np.ndarray:
        """The array at one position, (T_i, ...)."""
        return self._values[self._starts[index] : self._starts[index] + self.lengths[index]]

    def padded(self, positions: np.ndarray, pad: int) -> tuple[np.ndarray, np.ndarray]:
        """The arrays at `positions` (B,), filled up with `pad` to (B, longest, ...), and their lengths (B,)."""
        lengths = self.lengths[positions]
        steps = np.arange(lengths.max(initial=0))
        if not len(self._values) or not len(steps):
            return np.full((len(lengths), len(steps), *self._values.shape[1:]), pad, self._values.dtype), lengths
        # What lies beyond an array's end is some other array's, or nobody's: it is read, and then overwritten.
        padded = self._values.take(self._starts[positions][:, None] + steps, axis=0, mode="clip")
        padded[steps >= lengths[:, None]] = pad
        return padded, lengths


def stretches(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The whole numbers start .. start + length - 1 of every pair, one stretch after the other, int64 (sum,)."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
