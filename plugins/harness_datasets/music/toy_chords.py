"""A toy of chords for tests: four chords in turn, in one of several keys, with a melody on top."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from harness_tasks.step_music import StepMusic

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.music._pieces import Piece, raw_pieces

HARNESS_CONTRACT = 2

_CHORDS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))


@dataclass
class ToyChords(StepMusic):
    """48 training pieces of 8 to 16 steps, and 10 for each other split.

    Fields:
        data_seed: of the pieces.
    """

    name: ClassVar[str] = "toy_chords"

    data_seed: int = 0

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        return (GeneratedSource("toy_chords", {"chords": _CHORDS, "seed": self.data_seed}, "Toy chords in turn"),)

    def read(self) -> RawData:
        """Distinct pieces."""
        found = [(f"piece-{n:03d}", piece) for n, piece in enumerate(make_pieces(self.data_seed, 68))]
        return raw_pieces({"train": found[:48], "val": found[48:58], "test": found[58:]}, {})

    def tiny(self) -> ToyChords:
        """Itself: it is small."""
        return self


def make_pieces(seed: int, count: int) -> list[Piece]:
    """Distinct pieces, the same for the same seed."""
    generator = random.Random(seed)
    made: dict[str, Piece] = {}
    while len(made) < count:
        base, first = generator.randint(48, 60), generator.randrange(4)
        piece = []
        for step in range(generator.randint(8, 16)):
            chord = [base + key for key in _CHORDS[(first + step) % 4]]
            piece.append(sorted({*chord, 12 + generator.choice(chord)}))
        made.setdefault(repr(piece), piece)
    return list(made.values())


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ToyChords]
