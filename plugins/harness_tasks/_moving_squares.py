"""Tiny clips for tests: a square that moves one way or the other, or comes back (synthetic)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered
from harness_tasks._clips import centre, gathered

ACTIONS = ("right", "left", "right_left", "left_right")


class SquareSplit:
    """Clips of a bright square on a dark ground; the actions differ only in the order of their frames.

    Args:
        split: its name, the first part of every id.
        count: how many clips.
        frames: T.
        size: pixels a side.
        actions: class names.
        seed: of the generator.
    """

    def __init__(self, split: str, count: int, frames: int, size: int, actions: tuple[str, ...], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._actions = actions
        self.ids: tuple[str, ...] = tuple(f"{split}-{i:05d}" for i in range(count))
        self.labels: np.ndarray = rng.permutation(np.arange(count, dtype=np.int64) % len(actions))
        self._clips = np.stack([_clip(actions[label], frames, size, rng) for label in self.labels])
        self.input_lengths: np.ndarray = np.full(count, frames, dtype=np.int64)
        self.target_lengths: np.ndarray = np.ones(count, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._clips)

    def frames(self, index: int) -> np.ndarray:
        """The clip as it looks, float32 (T, C, Y, X)."""
        return self._clips[index].copy()

    def __getitem__(self, index: int) -> Example:
        return replace(self.without_input(index), input=centre(self.frames(index)))

    def without_input(self, index: int) -> Example:
        """An example without its clip."""
        label = int(self.labels[index])
        return Example(self.ids[index], None, label, (self._actions[label],), "moving square")

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Clips copied at once, then centred each."""
        clips = self._clips[positions]  # (B, T, C, Y, X)
        for clip in clips:
            centre(clip)
        return gathered(self, positions, clips)


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
