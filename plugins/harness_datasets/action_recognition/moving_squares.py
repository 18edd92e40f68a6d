"""Tiny clips for tests: a square that moves one way or the other, or comes back (synthetic)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.action_clips import ActionClips

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.action_recognition._clip_options import ClipOptions, check_between

HARNESS_CONTRACT = 2

ACTIONS = ("right", "left", "right_left", "left_right")
_PREPARATION = 1


@dataclass
class MovingSquares(ActionClips, ClipOptions):
    """A bright square on a dark ground; the actions differ only in the order of their frames.

    Fields:
        train_clips, val_clips, test_clips: how many clips are generated.
        data_seed: of the clips.
    """

    name: ClassVar[str] = "moving_squares"

    train_clips: int = 2_400
    val_clips: int = 400
    test_clips: int = 800
    data_seed: int = 0

    def __post_init__(self) -> None:
        self.check_clips()
        check_between(self, train_clips=(1,), val_clips=(1,), test_clips=(1,), data_seed=(0,))

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        return (GeneratedSource("moving_squares", {"preparation": _PREPARATION}, "Squares that move."),)

    def read(self) -> RawData:
        """Clips of each split from a stream of its own."""
        actions = tuple(self.classes or ACTIONS)
        train, val, test = (
            draw_clips(split, count, self.frames, self.size, actions, self.data_seed * 3 + number)
            for number, (split, count) in enumerate(
                (("train", self.train_clips), ("val", self.val_clips), ("test", self.test_clips))
            )
        )
        return RawData(train, val, test, labels=actions, notes={"data": "generated (synthetic)"})

    @classmethod
    def of_few(cls) -> MovingSquares:
        """8 frames of 16x16 pixels; 64 clips for training and 16 for each other split."""
        return cls(frames=8, size=16, train_clips=64, val_clips=16, test_clips=16)

    def tiny(self) -> MovingSquares:
        """Few small clips."""
        return self.of_few()


def draw_clips(split: str, count: int, frames: int, size: int, actions: tuple[str, ...], seed: int) -> list[RawExample]:
    """A balanced split of clips.

    Args:
        split: its name, the first part of every id.
        count: how many clips.
        frames: T.
        size: pixels a side.
        actions: class names.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.int64) % len(actions))
    return [
        RawExample(f"{split}-{i:05d}", _clip(actions[label], frames, size, rng), actions[label], "moving square")
        for i, label in enumerate(labels)
    ]


def _clip(action: str, frames: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """float32 (T, C, Y, X): the square stands left or right, and its position changes once or twice."""
    first = action.startswith("left")  # it starts on the side that it can leave
    places = np.full(frames, int(first))
    start = int(rng.integers(1, max(2, frames // 3 + 1)))
    places[start:] = 1 - int(first)
    if "_" in action:
        places[int(rng.integers(start + 1, frames)) :] = int(first)
    side, top = size // 4, int(rng.integers(0, size - size // 4 + 1))
    colour = rng.uniform(0.5, 1.0, size=(3, 1, 1)).astype(np.float32)
    clip = rng.normal(0.0, 0.02, size=(frames, 3, size, size)).astype(np.float32)
    for t, place in enumerate(places):
        left = size // 8 + place * (size // 2)
        clip[t, :, top : top + side, left : left + side] += colour
    return clip


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [MovingSquares]
