"""Tiny captioned clips for tests: a coloured square that moves left or right (synthetic)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.captioned_clips import CaptionedClips, ClipReader

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.action_recognition._clip_options import check_between

HARNESS_CONTRACT = 2

COLOURS = ("red", "green", "blue")
WAYS = ("left", "right")


@dataclass
class MovingShapes(CaptionedClips):
    """Clips of six to eight frames; each has two captions.

    Fields:
        train_clips, val_clips, test_clips: how many clips are generated.
        size: pixels a side.
        data_seed: of the clips.
    """

    name: ClassVar[str] = "moving_shapes"

    train_clips: int = 240
    val_clips: int = 48
    test_clips: int = 48
    size: int = 16
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_between(self, train_clips=(1,), val_clips=(1,), test_clips=(1,), size=(8,), data_seed=(0,))

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        return (
            GeneratedSource("moving_shapes", {"seed": self.data_seed, "version": 1}, "Coloured squares that move."),
        )

    def read(self) -> RawData:
        """Clips of each split from a stream of its own."""
        counts = {"train": self.train_clips, "val": self.val_clips, "test": self.test_clips}
        train, val, test = (
            DrawnShapes(split, count, self.size, self.data_seed * 3 + number)
            for number, (split, count) in enumerate(counts.items())
        )
        return RawData(train, val, test, notes={"data": "generated (synthetic)"})

    @classmethod
    def of_few(cls) -> MovingShapes:
        """36 clips for training and 12 for each other split."""
        return cls(train_clips=36, val_clips=12, test_clips=12)

    def tiny(self) -> MovingShapes:
        """Few clips."""
        return self.of_few()


class DrawnShapes(ClipReader):
    """A split, drawn at once.

    Args:
        split: its name, the first part of every id.
        count: how many clips.
        size: pixels a side.
        seed: of the generator.
    """

    def __init__(self, split: str, count: int, size: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        kinds = draw.permutation(np.arange(count) % (len(COLOURS) * len(WAYS)))
        self._clips = [_clip(kind % len(COLOURS), kind // len(COLOURS), size, draw) for kind in kinds.tolist()]
        self.ids = [f"{split}-{i:05d}" for i in range(count)]
        said = [(COLOURS[kind % len(COLOURS)], WAYS[kind // len(COLOURS)]) for kind in kinds.tolist()]
        self.captions = [
            (f"a {colour} square moves to the {way}", f"something {colour} goes {way}") for colour, way in said
        ]
        self.lengths = np.array([len(clip) for clip in self._clips], dtype=np.int64)

    def clip(self, index: int) -> np.ndarray:
        """float32 (T, 3, size, size)."""
        found: np.ndarray = self._clips[index].copy()
        return found


def _clip(colour: int, way: int, size: int, draw: np.random.Generator) -> np.ndarray:
    frames, side = int(draw.integers(6, 9)), size // 4
    clip = draw.uniform(0.0, 0.1, size=(frames, 3, size, size)).astype(np.float32)
    top = int(draw.integers(0, size - side + 1))
    for t, left in enumerate(np.linspace(0, size - side, frames).round().astype(int)):
        at = left if WAYS[way] == "right" else size - side - left
        clip[t, colour, top : top + side, at : at + side] = 0.9
    return clip


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [MovingShapes]
