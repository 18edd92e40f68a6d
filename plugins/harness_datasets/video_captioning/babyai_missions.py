"""Simulated clips of BabyAI missions with their sentences, played once into the cache; nothing was filmed.

A clip is kept as the tile number of every cell (49 bytes a frame), so the whole set is small and quick to draw.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.captioned_clips import CaptionedClips, ClipReader

from harness.contract.dataset import Dataset, RawData
from harness.contract.gathering import Ragged
from harness.contract.hookspecs import hookimpl
from harness.data.cache import build_once
from harness.data.progress import waiting
from harness.data.sources import GeneratedSource, Source
from harness_datasets.action_recognition._clip_options import check_between
from harness_datasets.action_recognition._minigrid_tiles import minigrid_version
from harness_datasets.video_captioning._babyai_episodes import CELLS, LEVELS, episodes
from harness_datasets.video_captioning._babyai_tiles import draw_tiles
from harness_datasets.video_captioning.moving_shapes import MovingShapes

HARNESS_CONTRACT = 2

_PREPARATION = 2
"""Raised whenever the same configuration begins to give other clips."""
_SPLITS = ("train", "val", "test")


@dataclass
class BabyAIMissions(CaptionedClips):
    """What an agent sees while it goes to, picks up, puts or opens something: the 7 x 7 cells before it, from above.

    The sentence is the mission. By default test clips show combinations of verb, colour and shape that no training clip
    shows; each of the three alone is in training. Validation clips have combinations of training.

    Fields:
        train_clips, val_clips, test_clips: how many clips are generated, a quarter of each level.
        data_seed: of the missions.
        new_combinations: whether test clips show combinations that are new; False: other clips of those in training,
            a much easier question.
        frames: the most frames of a clip; longer missions are left out.
        size: pixels a side, a multiple of 7.
    """

    name: ClassVar[str] = "babyai_missions"

    train_clips: int = 3_000
    val_clips: int = 400
    test_clips: int = 600
    data_seed: int = 0
    new_combinations: bool = True
    frames: int = 24
    size: int = 42

    def __post_init__(self) -> None:
        check_between(self, train_clips=(4,), val_clips=(4,), test_clips=(4,), data_seed=(0,), frames=(4, 64))
        if self.size % CELLS or not CELLS <= self.size <= 256:
            raise ValueError(f"task.size is {self.size}; it must be a multiple of {CELLS}, at most 256.")

    @property
    def label(self) -> str:
        """With "seen" where test shows the combinations of training: "babyai_missions.seen"."""
        return self.name if self.new_combinations else f"{self.name}.seen"

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {
            "preparation": _PREPARATION,
            "minigrid": minigrid_version(),
            "clips": [self.train_clips, self.val_clips, self.test_clips],
            "frames": self.frames,
            "seed": self.data_seed,
            "new": self.new_combinations,
        }
        about = "Simulated BabyAI missions, played by the scripted expert of MiniGrid, with their sentences."
        return (GeneratedSource("babyai_missions", recipe, about),)

    def prepare(self) -> None:
        """Play the missions into the cache, once; about a minute."""
        self._prepared()

    def read(self) -> RawData:
        """Clips that are drawn when they are asked for."""
        folder, tiles = self._prepared(), draw_tiles(self.size // CELLS)
        index = json.loads((folder / "index.json").read_text())
        splits = {}
        for split in _SPLITS:
            views, lengths = (np.load(folder / f"{split}_{part}.npy") for part in ("views", "lengths"))
            splits[split] = Missions(split, views, lengths, index[split], tiles)
        notes: dict[str, str | int | float] = {
            "data": "simulated clips (synthetic) of BabyAI missions; nothing was filmed",
            "split": "combinations of verb, colour and shape in test are in no other split"
            if self.new_combinations
            else "by episode; test shows the combinations of verb, colour and shape of training",
        }
        return RawData(splits["train"], splits["val"], splits["test"], notes=notes)

    def tiny(self) -> MovingShapes:
        """A square that moves."""
        return MovingShapes.of_few()

    def _prepared(self) -> Path:
        (source,) = self.sources()
        with waiting("Playing simulated missions"):
            return build_once(source.fetch(), self._write)

    def _write(self, folder: Path) -> None:
        """`<split>_views.npy` uint8 (frames of all clips, 7, 7), `<split>_lengths.npy` (N,), and all missions."""
        counts = dict(zip(_SPLITS, (self.train_clips, self.val_clips, self.test_clips), strict=True))
        found: dict[str, list] = {split: [] for split in _SPLITS}
        for number, level in enumerate(LEVELS):
            lacking = {split: count // 4 + (number < count % 4) for split, count in counts.items()}
            seen: set[bytes] = set()
            wanted = {split for split, count in lacking.items() if count}
            first = self.data_seed * 10_000_000 + number * 1_000_000
            for split, episode in episodes(level, first, wanted, self.frames, new=self.new_combinations):
                key = episode.views.tobytes()
                if key in seen:
                    continue
                seen.add(key)
                found[split].append(episode)
                lacking[split] -= 1
                if not lacking[split]:
                    wanted.discard(split)
                if not wanted:
                    break
        for number, split in enumerate(_SPLITS):
            order = np.random.default_rng([self.data_seed, number]).permutation(len(found[split]))
            found[split] = [found[split][i] for i in order]
            np.save(folder / f"{split}_views.npy", np.concatenate([one.views for one in found[split]]))
            np.save(folder / f"{split}_lengths.npy", np.array([len(one.views) for one in found[split]], dtype=np.int64))
        index = {split: [one.mission for one in ones] for split, ones in found.items()}
        (folder / "index.json").write_text(json.dumps(index))


class Missions(ClipReader):
    """A split of missions, drawn when asked for.

    Args:
        split: its name, the first part of every id.
        views: uint8 (frames of all clips, 7, 7).
        lengths: int64 (N,), T of each clip.
        missions: the sentence of each.
        tiles: pictures, uint8 (tiles, s, s, 3).
    """

    def __init__(
        self, split: str, views: np.ndarray, lengths: np.ndarray, missions: Sequence[str], tiles: np.ndarray
    ) -> None:
        self._views = Ragged(views, lengths)
        self._tiles = tiles.transpose(0, 3, 1, 2).astype(np.float32) / 255  # (tiles, C, s, s)
        self.lengths = lengths
        self.ids = [f"{split}-{i:05d}" for i in range(len(lengths))]
        self.captions = [(mission,) for mission in missions]

    def clip(self, index: int) -> np.ndarray:
        """float32 (T, 3, 7 s, 7 s)."""
        pictures = self._tiles[self._views[index]]  # (T, 7, 7, C, s, s)
        frames, side = len(pictures), CELLS * pictures.shape[-1]
        return np.ascontiguousarray(pictures.transpose(0, 3, 1, 4, 2, 5)).reshape(frames, 3, side, side)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [BabyAIMissions]
