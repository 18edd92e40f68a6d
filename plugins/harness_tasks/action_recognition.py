"""Which action a clip shows: simulated MiniGrid clips out of the box, class-named folders of videos by config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawExample
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric, Prediction
from harness.contract.specs import VideoInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.metrics.classification import ACCURACY, MACRO_F1, TOP_5_ACCURACY
from harness.targets import ClassTarget
from harness_tasks.action_clips import ActionClips
from harness_tasks.video._clip_preparation import ClipPreparation
from harness_tasks.video._clips import ClipSplit, variation
from harness_tasks.video.clip_sequences import ClipSequence

HARNESS_CONTRACT = 2


def _minigrid_actions() -> Dataset:
    from harness_datasets.action_recognition.minigrid_actions import MiniGridActions

    return MiniGridActions()


@dataclass
class ActionRecognition(DatasetTask):
    """Name the action of a clip (T, 3, Y, X), of which the mean over time is taken off every pixel.

    Fields:
        dataset: the clips; see `ActionClips`.
        flip: probability with which a training clip is flipped left to right; None: as the data set says, else 0.
        crop: training clips are cropped at random to no less than that share of their area; None: as the data set
            says, else 1.
        motion: show how much every pixel changed since the frame before, in place of the pixel less its mean; for few
            videos whose scenes tell little.
    """

    name: ClassVar[str] = "action_recognition"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = ActionClips
    input_type: ClassVar[type[VideoInput]] = VideoInput
    target_type: ClassVar[type[ClassTarget]] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY, TOP_5_ACCURACY, MACRO_F1)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=16))
    dataset: Dataset = field(default_factory=_minigrid_actions)
    flip: float | None = None
    crop: float | None = None
    motion: bool = False

    def __post_init__(self) -> None:
        if self.flip is not None and not 0 <= self.flip <= 1:
            raise ValueError(f"task.flip is {self.flip}; it must be between 0 and 1.")
        if self.crop is not None and not 0 < self.crop <= 1:
            raise ValueError(f"task.crop is {self.crop}; it must be above 0 and at most 1 (1: no cropping).")

    def setup(self) -> TaskData:
        """Clips and their classes; the same for every run seed.

        Raises:
            DataError: the data is missing or cannot be used.
        """
        raw = self.dataset.read()
        classes = raw.labels or tuple(sorted({one.target for one in raw.train}))
        first = raw.train.shape if isinstance(raw.train, ClipSequence) else raw.train[0].input.shape
        frames, channels, height, width = first
        preparation = ClipPreparation(frames, channels, height, width, tuple(classes), self.motion)
        return TaskData(
            train=ClipSplit(raw.train, preparation),
            val=ClipSplit(raw.val, preparation),
            test=ClipSplit(raw.test, preparation),
            input_spec=VideoInput(channels=channels, height=height, width=width),
            target_spec=ClassTarget(len(classes), classes),
            preprocessing=preparation,
            augment=variation(self.on_this_data("flip", 0.0), self.on_this_data("crop", 1.0)),
            notes=raw.notes,
        )

    def load_preprocessing(self, folder: Path) -> ClipPreparation:
        """Size of clips and names of actions."""
        return ClipPreparation.load(folder)

    def tiny(self) -> ActionRecognition:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """A network that sees the last frame only, one that sees all without their order, and the data set's own."""
        return (
            Baseline("last_frame", "a small CNN on the last frame alone", self._last_frame),
            Baseline("mean_of_frames", "a small CNN on every frame, features averaged over time", self._mean_of_frames),
            *super().baselines(),
        )

    # -- private -------------------------------------------------------------------------------------

    def _last_frame(self, data: TaskData, seed: int) -> list[Prediction]:
        from harness_tasks.video._clip_baselines import Fit, predict_last_frame

        return predict_last_frame(data, seed, self._frames_by_id(), Fit(epochs=15, pool=2))

    def _mean_of_frames(self, data: TaskData, seed: int) -> list[Prediction]:
        from harness_tasks.video._clip_baselines import Fit, predict_mean_of_frames

        return predict_mean_of_frames(data, seed, Fit(epochs=8, pool=2))

    def _frames_by_id(self) -> Callable[[str], np.ndarray]:
        """A clip as it looks, float32 (T, C, Y, X), by the id of its example."""
        raw = self.dataset.read()
        places: dict[str, tuple[Sequence[RawExample], int]] = {}
        for part in (raw.train, raw.val, raw.test):
            ids = part.ids if isinstance(part, ClipSequence) else [one.id for one in part]
            places |= {name: (part, i) for i, name in enumerate(ids)}

        def frames(example_id: str) -> np.ndarray:
            part, index = places[example_id]
            return part[index].input

        return frames


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [ActionRecognition]
