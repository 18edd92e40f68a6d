"""Frames of sound that are read, or put together, when they are looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol

import numpy as np

from harness.contract.raw import RawExample
from harness.data.lazy_sequence import LazySequence


class Frames(Protocol):
    """Frames float32 (T, F), as an array or in another place; a slice of them is an array."""

    def __len__(self) -> int:
        """T."""
        ...

    def __getitem__(self, wanted: slice, /) -> np.ndarray: ...


@dataclass(frozen=True)
class PickedFrames:
    """Frames of a table.

    Attributes:
        table: float32 (N, F).
        positions: (T,) in the table.
    """

    table: np.ndarray
    positions: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, wanted: slice, /) -> np.ndarray:
        return self.table[self.positions[wanted]]


@dataclass(frozen=True)
class FrameRange:
    """Some frames in a row.

    Attributes:
        frames: of which these are some.
        start, stop: the first, and the one after the last.
    """

    frames: Frames
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, wanted: slice, /) -> np.ndarray:
        first, last, _ = wanted.indices(len(self))
        return self.frames[self.start + first : self.start + last]


class JoinedFrames:
    """Frames of several parts, one after the other.

    Args:
        parts: at least one.
    """

    def __init__(self, parts: Sequence[Frames]) -> None:
        self._parts, self._ends = parts, list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, wanted: slice, /) -> np.ndarray:
        first, last, _ = wanted.indices(len(self))
        found = []
        for place in range(bisect_right(self._ends, first), len(self._parts)):
            part = self._parts[place]
            start = self._ends[place] - len(part)
            if start >= last:
                break
            found.append(part[max(first - start, 0) : last - start])
        return np.concatenate(found or [self._parts[0][:0]])


class DeferredFrames(LazySequence[RawExample]):
    """A raw split whose frames need not be in memory; a list of raw examples does as well for a small one.

    Args:
        examples: without their input.
        frames: of each example.

    Attributes:
        described: the examples without their frames, which are neither read nor put together.
        frames: as given.
    """

    def __init__(self, examples: Sequence[RawExample], frames: Sequence[Frames]) -> None:
        self.described, self.frames = list(examples), frames
        super().__init__(self._with_frames, len(self.described))

    def _with_frames(self, index: int) -> RawExample:
        return replace(self.described[index], input=self.frames[index][:])


def frames_of_each(raw: Sequence[RawExample]) -> Sequence[Frames]:
    """The frames of a raw split, deferred or not."""
    return raw.frames if isinstance(raw, DeferredFrames) else [one.input for one in raw]


def without_frames(raw: Sequence[RawExample]) -> Sequence[RawExample]:
    """The examples of a raw split; those that are deferred come without their input."""
    return raw.described if isinstance(raw, DeferredFrames) else raw
