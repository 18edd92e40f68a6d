"""The simulated data set "minigrid_actions": scripts and tiles made once into the cache, clips composed on demand.

A clip is kept as the tile number of every cell (1 KB instead of 196 KB of pixels): composing it is one look-up,
quicker than reading the pixels from a disk, and the whole set fits in memory. Nothing of it was filmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered
from harness_tasks._clips import centre, gathered
from harness_tasks._minigrid_scenes import CELLS, Room, scripts
from harness_tasks._minigrid_tiles import draw_tiles

_SPLITS = ("train", "val", "test")
_Change = tuple[int, int, int, int]
"""A cell that shows another tile than in the frame before: time, row, column, tile."""
_POOL = 1 << 22  # normal deviates that all clips share, each from an offset of its own


@dataclass(frozen=True)
class ClipRecipe:
    """All that determines the generated clips.

    Attributes:
        actions: class names, in label order.
        counts: clips of train, val and test.
        room: what a clip may hold.
        size: pixels a side, a multiple of 8.
        seed: of the generator.
    """

    actions: tuple[str, ...]
    counts: tuple[int, int, int]
    room: Room
    size: int
    seed: int


def write_clips(recipe: ClipRecipe, folder: Path) -> None:
    """Write `tiles.npy` and, for each split, `<split>_scenes.npy` and `<split>_labels.npy` into the folder.

    Each split has a random stream of its own, and no clip occurs twice, within a split or across splits: test
    comes first, so that asking for more training clips never changes what is tested on.
    """
    seen: set[bytes] = set()
    dropped = 0
    for number in reversed(range(len(_SPLITS))):
        rng = np.random.default_rng([recipe.seed, number])
        scenes, labels, again = scripts(recipe.actions, recipe.counts[number], recipe.room, rng, seen)
        dropped += again
        np.save(folder / f"{_SPLITS[number]}_scenes.npy", scenes)
        np.save(folder / f"{_SPLITS[number]}_labels.npy", labels)
    np.save(folder / "dropped.npy", np.array(dropped))
    np.save(folder / "tiles.npy", draw_tiles(recipe.size // CELLS))


def noise_pool(seed: int, level: float) -> np.ndarray:
    """float32 (_POOL,): normal deviates of that standard deviation; empty for level 0."""
    if not level:
        return np.zeros(0, dtype=np.float32)
    return np.random.default_rng([seed, len(_SPLITS)]).standard_normal(_POOL, dtype=np.float32) * np.float32(level)


class SceneSplit:
    """A split of composed clips.

    Args:
        split: its name, the first part of every id.
        scenes: tile numbers, uint8 (N, T, 8, 8).
        labels: int64 (N,).
        actions: class names.
        tiles: pictures, uint8 (tiles, s, s, 3).
        noise: normal deviates to add to pixels of 0..1; empty: none.
        seed: of the offsets into `noise`.
    """

    def __init__(
        self,
        split: str,
        scenes: np.ndarray,
        labels: np.ndarray,
        actions: tuple[str, ...],
        tiles: np.ndarray,
        noise: np.ndarray,
        seed: int,
    ) -> None:
        self._scenes, self.labels, self._actions, self._noise = scenes, labels, actions, noise
        self._tiles = tiles.transpose(0, 3, 1, 2).astype(np.float32) / 255  # (tiles, C, s, s)
        frames, size = scenes.shape[1], CELLS * tiles.shape[1]
        self._shape = (frames, 3, size, size)
        room = len(noise) - int(np.prod(self._shape))
        rng = np.random.default_rng([seed, len(_SPLITS) + 1 + _SPLITS.index(split)])
        self._offsets = rng.integers(room, size=len(scenes)) if room > 0 else np.zeros(len(scenes), dtype=np.int64)
        self.ids: tuple[str, ...] = tuple(f"{split}-{i:05d}" for i in range(len(scenes)))
        self.input_lengths: np.ndarray = np.full(len(scenes), frames, dtype=np.int64)
        self.target_lengths: np.ndarray = np.ones(len(scenes), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._scenes)

    def frames(self, index: int) -> np.ndarray:
        """The clip as it looks, float32 (T, C, Y, X), pixels of 0..1 plus noise."""
        picture = self._tiles[self._scenes[index]]  # (T, 8, 8, C, s, s)
        picture = picture.transpose(0, 3, 1, 4, 2, 5).reshape(self._shape)  # (T, C, Y, X)
        if len(self._noise):
            count, start = picture.size, int(self._offsets[index])
            picture += np.resize(self._noise[start : start + count], count).reshape(self._shape)
        return picture

    def __getitem__(self, index: int) -> Example:
        return replace(self.without_input(index), input=centre(self.frames(index)))

    def without_input(self, index: int) -> Example:
        """An example whose clip is not composed."""
        label = int(self.labels[index])
        return Example(self.ids[index], None, label, (self._actions[label],), "simulated clip")

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Clips composed where the batch holds them.

        From one frame to the next few cells change: a picture is kept up to date, and each stretch of equal frames is
        that picture plus its noise, written once. That is half the memory traffic of composing every frame.
        """
        scenes = self._scenes[positions]  # (B, T, 8, 8)
        clips = np.empty((len(positions), *self._shape), dtype=np.float32)
        row, before, y, x = np.nonzero(scenes[:, 1:] != scenes[:, :-1])  # in the order of clips and of time
        changes = list(
            zip((before + 1).tolist(), y.tolist(), x.tolist(), scenes[row, before + 1, y, x].tolist(), strict=True)
        )
        first = np.searchsorted(row, np.arange(len(positions) + 1)).tolist()
        for number, (clip, offset) in enumerate(zip(clips, self._offsets[positions].tolist(), strict=True)):
            self._compose(clip, scenes[number, 0], changes[first[number] : first[number + 1]], offset)
            centre(clip)
        return gathered(self, positions, clips)

    def _compose(self, clip: np.ndarray, start: np.ndarray, changes: Sequence[_Change], offset: int) -> None:
        """Write the clip (T, C, Y, X) that begins with the scene `start` (8, 8); its noise begins at `offset`."""
        picture = np.ascontiguousarray(self._tiles[start].transpose(2, 0, 3, 1, 4))  # (C, 8, s, 8, s)
        shown = picture.reshape(self._shape[1:])  # the same memory as (C, Y, X)
        done = 0
        for time, y, x, tile in changes:
            if time > done:
                self._show(clip[done:time], shown, offset + done * shown.size)
                done = time
            picture[:, y, :, x] = self._tiles[tile]
        self._show(clip[done:], shown, offset + done * shown.size)

    def _show(self, frames: np.ndarray, picture: np.ndarray, offset: int) -> None:
        """Fill frames (t, C, Y, X) with one picture (C, Y, X) and the noise from `offset` on."""
        if not len(self._noise):
            frames[:] = picture
            return
        noise = self._noise[offset : offset + frames.size]
        if len(noise) < frames.size:  # a clip larger than the pool sees the pool again and again
            noise = np.take(self._noise, np.arange(offset, offset + frames.size), mode="wrap")
        np.add(picture, noise.reshape(frames.shape), out=frames)


def read_clips(folder: Path, recipe: ClipRecipe, noise: float) -> tuple[dict[str, SceneSplit], int]:
    """The splits by name as `write_clips` left them, and how many duplicates it dropped."""
    tiles, pool = np.load(folder / "tiles.npy"), noise_pool(recipe.seed, noise)
    splits = {}
    for split in _SPLITS:
        scenes, labels = (np.load(folder / f"{split}_{part}.npy") for part in ("scenes", "labels"))
        splits[split] = SceneSplit(split, scenes, labels, recipe.actions, tiles, pool, recipe.seed)
    return splits, int(np.load(folder / "dropped.npy"))
