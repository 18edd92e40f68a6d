"""Which action a clip shows: simulated MiniGrid clips out of the box, class-named folders of videos by config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import VideoInput
from harness.contract.task import Baseline, Loader, Metric, Prediction, Task, TaskData
from harness.data.cache import build_once, cache_dir
from harness.data.progress import waiting
from harness.data.sources import GeneratedSource, Source
from harness.errors import UnknownNameError
from harness.metrics.classification import ACCURACY, MACRO_F1, TOP_5_ACCURACY
from harness.targets import ClassTarget
from harness_tasks import _minigrid_scenes, _moving_squares
from harness_tasks._clips import ClipSplit, variation
from harness_tasks._minigrid_clips import ClipRecipe, read_clips, write_clips
from harness_tasks._minigrid_tiles import minigrid_version
from harness_tasks._moving_squares import SquareSplit
from harness_tasks._video_folder import OnCorrupt, folder_source, read_videos, write_videos

HARNESS_CONTRACT = 2


class ClipSource(Enum):
    """The clips that this task knows."""

    minigrid_actions = "minigrid_actions"
    folder = "folder"
    moving_squares = "moving_squares"


_PREPARATION = 1
"""Raised whenever the same configuration begins to give other clips."""


@dataclass
class ActionRecognition(Task):
    """Name the action of a clip (T, 3, Y, X), of which the mean over time is taken off every pixel.

    Fields:
        dataset: minigrid_actions (simulated, synthetic: rendered by scripts from one MiniGrid room), folder (one
            folder of videos a class), moving_squares (generated, tiny).
        root: the folder, for folder.
        classes: class names, in label order; None: all of the data set.
        frames: T; a folder's videos are sampled evenly.
        size: pixels a side; a folder's videos are squeezed to that.
        train_clips, val_clips, test_clips: how many clips are generated.
        data_seed: of generated clips.
        clutter: the most still things lying about in a simulated room.
        distractors: balls that move about on their own.
        turns: probability that the agent looks elsewhere before it acts, and again after.
        noise: standard deviation of the noise on simulated pixels of 0..1.
        flip: probability with which a training clip of a folder is flipped left to right.
        crop: training clips of a folder are cropped at random to no less than that share of their area.
        on_corrupt: refuse: one video that cannot be decoded stops the run and is named; skip: such videos are
            left out, for every model alike, and are counted and named in the notes.
    """

    name: ClassVar[str] = "action_recognition"
    version: ClassVar[str] = "1"
    input_type: ClassVar[type[VideoInput]] = VideoInput
    target_type: ClassVar[type[ClassTarget]] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY, TOP_5_ACCURACY, MACRO_F1)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=16))
    dataset: ClipSource = ClipSource.minigrid_actions
    root: Path | None = None
    classes: list[str] | None = None
    frames: int = 16
    size: int = 64
    train_clips: int = 2_400
    val_clips: int = 400
    test_clips: int = 800
    data_seed: int = 0
    clutter: int = 4
    distractors: int = 1
    turns: float = 0.5
    noise: float = 0.06
    flip: float = 0.5
    crop: float = 0.7
    on_corrupt: OnCorrupt = OnCorrupt.refuse

    def __post_init__(self) -> None:
        self.dataset, self.on_corrupt = ClipSource(self.dataset), OnCorrupt(self.on_corrupt)
        self.root = None if self.root is None else Path(self.root)
        least = {"frames": 1, "size": 8, "train_clips": 1, "val_clips": 1, "test_clips": 1, "data_seed": 0}
        least |= {"clutter": 0, "distractors": 0, "turns": 0, "noise": 0, "flip": 0}
        most = {"clutter": 16, "distractors": 8, "turns": 1, "noise": 1, "flip": 1, "crop": 1}
        for name in least | most:
            value, low, high = getattr(self, name), least.get(name, -np.inf), most.get(name, np.inf)
            if not low <= value <= high:
                raise ValueError(f"task.{name} is {value}; it must be between {low} and {high}.")
        if not self.crop > 0:
            raise ValueError(f"task.crop is {self.crop}; it must be above 0 (1: no cropping).")
        if self.classes is not None and len(set(self.classes)) < max(2, len(self.classes)):
            raise ValueError(f"task.classes is {self.classes}; two or more different names are needed, or null.")
        if self.dataset is ClipSource.minigrid_actions:
            self._check_simulated()

    @property
    def dataset_name(self) -> str:
        """ "minigrid_actions", "moving_squares", or the name of the user's folder."""
        return self.root.name if self.dataset is ClipSource.folder and self.root else self.dataset.value

    @property
    def synthetic(self) -> bool:
        """Whether the clips are simulated: all but a folder's."""
        return self.dataset is not ClipSource.folder

    def sources(self) -> tuple[Source, ...]:
        """The one source of the chosen clips."""
        if self.dataset is ClipSource.folder:
            return (folder_source(self.dataset_name, self.root),)
        if self.dataset is ClipSource.moving_squares:
            return (GeneratedSource("moving_squares", {"preparation": _PREPARATION}, "Squares that move."),)
        recipe = {"preparation": _PREPARATION, "minigrid": minigrid_version(), "clips": repr(self._recipe)}
        about = "Simulated clips of eight actions in one MiniGrid room, rendered by scripts."
        return (GeneratedSource("minigrid_actions", recipe, about),)

    def prepare_data(self) -> None:
        """Render or decode into the cache, once.

        Raises:
            DataError: the folder is missing, empty or of one class only, or a video cannot be decoded and
                `on_corrupt` is refuse.
            UnknownNameError: `classes` names what is not there.
        """
        if self.dataset is not ClipSource.moving_squares:
            self._prepared()

    def setup(self) -> TaskData:
        """Clips of fixed length and their classes; the same for every run seed.

        Raises:
            DataError: as for `prepare_data`.
        """
        splits, classes, notes = self._splits()
        folder = self.dataset is ClipSource.folder
        return TaskData(
            train=splits["train"],
            val=splits["val"],
            test=splits["test"],
            input_spec=VideoInput(channels=3, height=self.size, width=self.size),
            target_spec=ClassTarget(len(classes), classes),
            augment=variation(self.flip, self.crop) if folder else None,
            notes=notes,
        )

    def tiny(self) -> ActionRecognition:
        """Four movements of a square, 8 frames of 16x16 pixels."""
        return ActionRecognition(
            dataset=ClipSource.moving_squares,
            frames=8,
            size=16,
            train_clips=64,
            val_clips=16,
            test_clips=16,
            loader=Loader(batch_size=16),
        )

    def baselines(self) -> tuple[Baseline, ...]:
        """A network that sees the last frame only, and one that sees all frames without their order."""
        return (
            Baseline("last_frame", "a small CNN on the last frame alone", self._last_frame),
            Baseline("mean_of_frames", "a small CNN on every frame, features averaged over time", self._mean_of_frames),
        )

    # -- data ----------------------------------------------------------------------------------------

    @property
    def _recipe(self) -> ClipRecipe:
        room = _minigrid_scenes.Room(self.frames, self.clutter, self.distractors, self.turns)
        counts = (self.train_clips, self.val_clips, self.test_clips)
        return ClipRecipe(tuple(self.classes or _minigrid_scenes.ACTIONS), counts, room, self.size, self.data_seed)

    def _check_simulated(self) -> None:
        for name in self.classes or ():
            if name not in _minigrid_scenes.ACTIONS:
                raise UnknownNameError("action", name, _minigrid_scenes.ACTIONS, "task.classes")
        if self.frames < _minigrid_scenes.MIN_FRAMES:
            raise ValueError(
                f"task.frames is {self.frames}; a simulated action takes at least {_minigrid_scenes.MIN_FRAMES}."
            )
        if self.size % _minigrid_scenes.CELLS or self.size > 256:
            raise ValueError(
                f"task.size is {self.size}; the simulated room has {_minigrid_scenes.CELLS} cells a side, so it "
                f"must be a multiple of {_minigrid_scenes.CELLS} and at most 256."
            )

    def _prepared(self) -> Path:
        """The folder of the cache with the rendered or decoded clips."""
        (source,) = self.sources()
        if self.dataset is ClipSource.minigrid_actions:
            with waiting("Rendering simulated clips"):
                return build_once(source.fetch(), lambda folder: write_clips(self._recipe, folder))
        videos = folder_source(self.dataset_name, self.root)
        decides = [videos.fingerprint(), _PREPARATION, self.classes, self.frames, self.size, self.on_corrupt.value]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        return build_once(
            cache_dir() / "videos" / f"{self.dataset_name}-{digest}",
            lambda folder: write_videos(videos, self.classes, self.frames, self.size, self.on_corrupt, folder),
        )

    def _splits(self) -> tuple[dict[str, ClipSplit], tuple[str, ...], dict[str, str | int | float]]:
        """Splits by name, class names, notes."""
        if self.dataset is ClipSource.moving_squares:
            actions = tuple(self.classes or _moving_squares.ACTIONS)
            counts = {"train": self.train_clips, "val": self.val_clips, "test": self.test_clips}
            squares: dict[str, ClipSplit] = {
                name: SquareSplit(name, count, self.frames, self.size, actions, self.data_seed * 3 + number)
                for number, (name, count) in enumerate(counts.items())
            }
            return squares, actions, {"data": "generated (synthetic)"}
        if self.dataset is ClipSource.minigrid_actions:
            recipe = self._recipe
            rendered, dropped = read_clips(self._prepared(), recipe, self.noise)
            notes: dict[str, str | int | float] = {
                "data": "simulated clips (synthetic), rendered from one MiniGrid room; nothing was filmed",
                "duplicates dropped": dropped,
            }
            return dict(rendered), recipe.actions, notes
        decoded = read_videos(self._prepared())
        notes = {
            "split": "70/15/15 a class by the hash of file names; files of equal content stay in one split",
            "files with the content of another": decoded.repeated,
            "files skipped": len(decoded.skipped),
        }
        if decoded.skipped:
            notes["files skipped, names"] = ", ".join(decoded.skipped)
        return dict(decoded.splits), decoded.classes, notes

    # -- baselines -----------------------------------------------------------------------------------

    def _last_frame(self, data: TaskData, seed: int) -> list[Prediction]:
        from harness_tasks._clip_baselines import Fit, predict_last_frame

        return predict_last_frame(data, seed, self._frames_by_id(), Fit(epochs=15, pool=2))

    def _mean_of_frames(self, data: TaskData, seed: int) -> list[Prediction]:
        from harness_tasks._clip_baselines import Fit, predict_mean_of_frames

        return predict_mean_of_frames(data, seed, Fit(epochs=8, pool=2))

    def _frames_by_id(self) -> Callable[[str], np.ndarray]:
        """A clip as it looks, float32 (T, C, Y, X), by the id of its example."""
        splits, _, _ = self._splits()
        places = {name: (split, i) for split in splits.values() for i, name in enumerate(split.ids)}

        def frames(example_id: str) -> np.ndarray:
            split, index = places[example_id]
            return split.frames(index)

        return frames


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [ActionRecognition]
