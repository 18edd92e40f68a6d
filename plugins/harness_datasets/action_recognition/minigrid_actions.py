"""Simulated clips of eight actions in one MiniGrid room, made once into the cache; nothing was filmed.

A clip is kept as the tile number of every cell (1 KB instead of 196 KB of pixels): composing it is one look-up,
quicker than reading the pixels from a disk, and the whole set fits in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.action_clips import ActionClips
from harness_tasks.video.clip_sequences import ClipSequence

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.cache import build_once
from harness.data.progress import waiting
from harness.data.sources import GeneratedSource, Source
from harness.errors import UnknownNameError
from harness_datasets.action_recognition._clip_options import ClipOptions, check_between
from harness_datasets.action_recognition._minigrid_scenes import ACTIONS, CELLS, MIN_FRAMES, Room, scripts
from harness_datasets.action_recognition._minigrid_tiles import draw_tiles, minigrid_version
from harness_datasets.action_recognition.moving_squares import MovingSquares

HARNESS_CONTRACT = 2

_PREPARATION = 1
"""Raised whenever the same configuration begins to give other clips."""
_SPLITS = ("train", "val", "test")
_Change = tuple[int, int, int, int]
"""A cell that shows another tile than in the frame before: time, row, column, tile."""
_POOL = 1 << 22  # normal deviates that all clips share, each from an offset of its own


@dataclass
class MiniGridActions(ActionClips, ClipOptions):
    """Scripts of one MiniGrid room; what changes, and in which order, tells the actions apart.

    Fields:
        train_clips, val_clips, test_clips: how many clips are generated.
        data_seed: of the clips.
        clutter: the most still things lying about.
        distractors: balls that move about on their own.
        turns: probability that the agent looks elsewhere before it acts, and again after.
        noise: standard deviation of the noise on pixels of 0..1.
    """

    name: ClassVar[str] = "minigrid_actions"

    train_clips: int = 2_400
    val_clips: int = 400
    test_clips: int = 800
    data_seed: int = 0
    clutter: int = 4
    distractors: int = 1
    turns: float = 0.5
    noise: float = 0.06

    def __post_init__(self) -> None:
        self.check_clips()
        check_between(self, train_clips=(1,), val_clips=(1,), test_clips=(1,), data_seed=(0,))
        check_between(self, clutter=(0, 16), distractors=(0, 8), turns=(0, 1), noise=(0, 1))
        for name in self.classes or ():
            if name not in ACTIONS:
                raise UnknownNameError("action", name, ACTIONS, "task.classes")
        if self.frames < MIN_FRAMES:
            raise ValueError(f"task.frames is {self.frames}; a simulated action takes at least {MIN_FRAMES}.")
        if self.size % CELLS or self.size > 256:
            raise ValueError(
                f"task.size is {self.size}; the simulated room has {CELLS} cells a side, so it "
                f"must be a multiple of {CELLS} and at most 256."
            )

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"preparation": _PREPARATION, "minigrid": minigrid_version(), "clips": repr(self.recipe)}
        about = "Simulated clips of eight actions in one MiniGrid room, rendered by scripts."
        return (GeneratedSource("minigrid_actions", recipe, about),)

    @property
    def recipe(self) -> ClipRecipe:
        """All that determines the clips but their noise."""
        room = Room(self.frames, self.clutter, self.distractors, self.turns)
        counts = (self.train_clips, self.val_clips, self.test_clips)
        return ClipRecipe(tuple(self.classes or ACTIONS), counts, room, self.size, self.data_seed)

    def prepare(self) -> None:
        """Write the scripts into the cache, once."""
        self._prepared()

    def read(self) -> RawData:
        """Clips that are composed when they are asked for."""
        recipe = self.recipe
        splits, dropped = read_clips(self._prepared(), recipe, self.noise)
        notes: dict[str, str | int | float] = {
            "data": "simulated clips (synthetic), rendered from one MiniGrid room; nothing was filmed",
            "duplicates dropped": dropped,
        }
        return RawData(splits["train"], splits["val"], splits["test"], labels=recipe.actions, notes=notes)

    def tiny(self) -> MovingSquares:
        """A square that moves."""
        return MovingSquares.of_few()

    def _prepared(self) -> Path:
        (source,) = self.sources()
        with waiting("Rendering simulated clips"):
            return build_once(source.fetch(), lambda folder: write_clips(self.recipe, folder))


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


class SceneClips(ClipSequence):
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
        self._scenes, self._noise = scenes, noise
        self._tiles = tiles.transpose(0, 3, 1, 2).astype(np.float32) / 255  # (tiles, C, s, s)
        frames, size = scenes.shape[1], CELLS * tiles.shape[1]
        self.shape = (frames, 3, size, size)
        room = len(noise) - int(np.prod(self.shape))
        rng = np.random.default_rng([seed, len(_SPLITS) + 1 + _SPLITS.index(split)])
        self._offsets = rng.integers(room, size=len(scenes)) if room > 0 else np.zeros(len(scenes), dtype=np.int64)
        self.ids = [f"{split}-{i:05d}" for i in range(len(scenes))]
        self.actions = [actions[label] for label in labels]
        self.sources = ["simulated clip"] * len(scenes)

    def fill(self, clips: np.ndarray, positions: np.ndarray, whole: Callable[[np.ndarray], object]) -> None:
        """Compose clips where the batch holds them.

        From one frame to the next few cells change: a picture is kept up to date, and each stretch of equal frames is
        that picture plus its noise, written once. That is half the memory traffic of composing every frame.
        """
        scenes = self._scenes[positions]  # (B, T, 8, 8)
        row, before, y, x = np.nonzero(scenes[:, 1:] != scenes[:, :-1])  # in the order of clips and of time
        changes = list(
            zip((before + 1).tolist(), y.tolist(), x.tolist(), scenes[row, before + 1, y, x].tolist(), strict=True)
        )
        first = np.searchsorted(row, np.arange(len(positions) + 1)).tolist()
        for number, (clip, offset) in enumerate(zip(clips, self._offsets[positions].tolist(), strict=True)):
            self._compose(clip, scenes[number, 0], changes[first[number] : first[number + 1]], offset)
            whole(clip)

    def _compose(self, clip: np.ndarray, start: np.ndarray, changes: Sequence[_Change], offset: int) -> None:
        """Write the clip (T, C, Y, X) that begins with the scene `start` (8, 8); its noise begins at `offset`."""
        picture = np.ascontiguousarray(self._tiles[start].transpose(2, 0, 3, 1, 4))  # (C, 8, s, 8, s)
        shown = picture.reshape(self.shape[1:])  # the same memory as (C, Y, X)
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


def read_clips(folder: Path, recipe: ClipRecipe, noise: float) -> tuple[dict[str, SceneClips], int]:
    """The splits by name as `write_clips` left them, and how many duplicates it dropped."""
    tiles, pool = np.load(folder / "tiles.npy"), noise_pool(recipe.seed, noise)
    splits = {}
    for split in _SPLITS:
        scenes, labels = (np.load(folder / f"{split}_{part}.npy") for part in ("scenes", "labels"))
        splits[split] = SceneClips(split, scenes, labels, recipe.actions, tiles, pool, recipe.seed)
    return splits, int(np.load(folder / "dropped.npy"))


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [MiniGridActions]
