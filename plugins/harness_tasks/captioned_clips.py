"""What data sets for video captioning derive from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawExample


@dataclass
class CaptionedClips(Dataset):
    """Base of data sets for video captioning: the input of a raw example is a clip, its target captions of it.

    Clips are float32 (T, 3, Y, X), pixels of 0..1, of one height and width; or, where `features` is true, features
    computed elsewhere, float32 (T, F). Captions are a tuple of texts. A training clip is learned from once with each
    of its captions; a held-out clip is one example whose references are all of them. Splits are `ClipReader`s.
    """

    task: ClassVar[str] = "video_captioning"
    raw_input: ClassVar[type] = np.ndarray
    raw_target: ClassVar[type] = tuple

    @property
    def features(self) -> bool:
        """Whether clips are features instead of pictures."""
        return False


class ClipReader(Sequence[RawExample], ABC):
    """A raw split whose clips are read or drawn when they are asked for.

    Attributes:
        ids: of the examples.
        captions: of each example, one or more.
        lengths: int64 (N,), T of each clip.
        seconds: that each film lasts; None: not known.
    """

    ids: Sequence[str]
    captions: Sequence[tuple[str, ...]]
    lengths: np.ndarray
    seconds: Sequence[float] | None = None

    @abstractmethod
    def clip(self, index: int) -> np.ndarray:
        """float32 (T, C, Y, X), pixels of 0..1, or features (T, F); an array of its own."""

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):  # RawExample; a slice gives a list of them
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._example(index, self.clip(index))

    def __iter__(self) -> Iterator[RawExample]:
        return (self[i] for i in range(len(self)))

    def described(self, index: int) -> RawExample:
        """An example without its clip, which is neither read nor drawn."""
        return self._example(index, None)

    def _example(self, index: int, clip: np.ndarray | None) -> RawExample:
        seconds = None if self.seconds is None else self.seconds[index]
        return RawExample(self.ids[index], clip, self.captions[index], self.ids[index], seconds)


class EachCaption(ClipReader):
    """The same clips, once with each of their captions.

    Args:
        raw: clips with one caption or more; ids of those with more get "#0", "#1" ...
    """

    def __init__(self, raw: Sequence[RawExample]) -> None:
        self._raw = raw
        described = described_examples(raw)
        self._rows = [row for row, one in enumerate(described) for _ in one.target]
        numbers = [number for one in described for number in range(len(one.target))]
        pairs = [(described[row], number) for row, number in zip(self._rows, numbers, strict=True)]
        self.ids = [f"{one.id}#{number}" if len(one.target) > 1 else one.id for one, number in pairs]
        self.captions = [(one.target[number],) for one, number in pairs]
        self.lengths = clip_lengths(raw)[self._rows]
        seconds = [one.seconds for one, _ in pairs]
        self.seconds = [s for s in seconds if s is not None] if None not in seconds else None

    def clip(self, index: int) -> np.ndarray:
        """Of the example that the caption belongs to."""
        found: np.ndarray = self._raw[self._rows[index]].input
        return found


def described_examples(raw: Sequence[RawExample]) -> list[RawExample]:
    """The examples, without their clips where those are costly."""
    return [raw.described(i) for i in range(len(raw))] if isinstance(raw, ClipReader) else list(raw)


def clip_lengths(raw: Sequence[RawExample]) -> np.ndarray:
    """int64 (N,): T of each clip."""
    lengths = raw.lengths if isinstance(raw, ClipReader) else [len(one.input) for one in raw]
    return np.asarray(lengths, dtype=np.int64)
