"""Clips that are drawn or read many at a time, straight into the batch that will hold them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from harness.contract.dataset import RawExample


class ClipSequence(Sequence[RawExample], ABC):
    """A raw split whose clips need not be in memory; a list of raw examples does as well for a small one.

    Attributes:
        ids, actions, sources: of each example.
        shape: (T, C, Y, X) of every clip.
        seconds: that each film lasts; None: not known.
    """

    ids: Sequence[str]
    actions: Sequence[str]
    sources: Sequence[str]
    shape: tuple[int, int, int, int]
    seconds: Sequence[float] | None = None

    @abstractmethod
    def fill(self, clips: np.ndarray, positions: np.ndarray, whole: Callable[[np.ndarray], object]) -> None:
        """Write the clips at `positions` (B,) into `clips`, float32 (B, T, C, Y, X), pixels of about 0..1.

        Args:
            clips: to be overwritten.
            positions: which examples.
            whole: called with each clip (T, C, Y, X) when it is written; may change it in place.
        """

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):  # RawExample; a slice gives a list of them
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        clips = np.empty((1, *self.shape), dtype=np.float32)
        self.fill(clips, np.array([index]), lambda clip: None)
        return self._example(index, clips[0])

    def __iter__(self) -> Iterator[RawExample]:
        return (self[i] for i in range(len(self)))

    def described(self) -> Iterator[RawExample]:
        """The examples without their clips, which are neither read nor drawn."""
        return (self._example(i, None) for i in range(len(self)))

    def _example(self, index: int, clip: np.ndarray | None) -> RawExample:
        seconds = None if self.seconds is None else self.seconds[index]
        return RawExample(self.ids[index], clip, self.actions[index], self.sources[index], seconds)
