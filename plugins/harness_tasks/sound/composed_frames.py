"""Inputs that are put together from recordings: one table of frames, and the rows of it that each example shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.contract.dataset import RawExample
from harness.contract.gathering import Ragged


@dataclass(frozen=True)
class ComposedFrames(Sequence[RawExample]):
    """A raw split whose examples share frames, as strings of digits share recordings; batches then take one look-up.

    Attributes:
        table: float32 (N, F), not normalised.
        recorded: so many rows of the table, from the first on, are the recordings, each once; the normalisation is
            fitted on them.
        rows: the rows of the table that each example shows, in order.
        ids, texts, sources: of each example.
    """

    table: np.ndarray
    recorded: int
    rows: Ragged
    ids: Sequence[str]
    texts: Sequence[str]
    sources: Sequence[str]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):  # RawExample; a slice gives a list of them
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        frames = self.table[self.rows[index]]  # (T, F)
        return RawExample(self.ids[index], frames, self.texts[index], self.sources[index])

    def __iter__(self) -> Iterator[RawExample]:
        return (self[i] for i in range(len(self)))
