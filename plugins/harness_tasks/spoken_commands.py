"""Which command was spoken, or none, as a voice assistant asks. Spoken digits out of the box, audio from a folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.specs import FrameInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.metrics.listening import DECISION_DELAY, FALSE_ALARMS, WORD_ACCURACY, WORD_MACRO_F1
from harness.targets import ClassTarget
from harness_tasks.sound import _word_baselines as baselines
from harness_tasks.sound._frame_encoder import FrameEncoder, Normaliser
from harness_tasks.sound._frame_split import FrameSplit
from harness_tasks.sound._labelled_recordings import LabelledRecordings
from harness_tasks.sound._spec_augment import SpecAugment
from harness_tasks.sound.deferred_frames import without_frames
from harness_tasks.spoken_words import SpokenWords

HARNESS_CONTRACT = 2


def _digit_commands() -> Dataset:
    from harness_datasets.spoken_commands.digit_commands import DigitCommands

    return DigitCommands()


@dataclass
class SpokenCommands(DatasetTask):
    """Name the command in a recording (T, F), or say that there is none.

    Fields:
        dataset: the recordings; see `SpokenWords`.
        spec_augment, masks: SpecAugment on training inputs.

    Frames are normalised with the mean and deviation of training examples.
    """

    name: ClassVar[str] = "spoken_commands"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = SpokenWords
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[ClassTarget]] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (WORD_ACCURACY, WORD_MACRO_F1, FALSE_ALARMS, DECISION_DELAY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_digit_commands)
    spec_augment: bool = False
    masks: SpecAugment = field(default_factory=SpecAugment)

    def setup(self) -> TaskData:
        """Normalised frames and the number of each class.

        Raises:
            DataError: the recordings are missing, out of reach or cannot be used.
        """
        raw = self.dataset.read()
        assert isinstance(self.dataset, SpokenWords)
        classes = raw.labels or tuple(sorted({one.target for one in without_frames(raw.train)}))
        normalise = Normaliser.fit(lambda: (one.input for one in raw.train))
        encoder = FrameEncoder(normalise, self.dataset.feature_settings)
        recordings = LabelledRecordings(encoder, classes)
        return TaskData(
            FrameSplit(raw.train, recordings),
            FrameSplit(raw.val, recordings),
            FrameSplit(raw.test, recordings),
            FrameInput(encoder.normalise.feature_dim),
            ClassTarget(len(classes), classes),
            preprocessing=recordings,
            augment=self.masks if self.spec_augment else None,
            notes=raw.notes,
        )

    def load_preprocessing(self, folder: Path) -> LabelledRecordings:
        """Normalisation, names of classes, and how audio becomes frames where that is known."""
        return LabelledRecordings.load(folder)

    def tiny(self) -> SpokenCommands:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """The most frequent class, two classifiers on mean and deviation of the frames, and the data set's own."""
        means = "on the mean and deviation of the frames, which know no order"
        return (
            Baseline("most_frequent", "always the most frequent class of training", baselines.predict_most_frequent),
            Baseline("nearest_mean", f"the nearest class mean {means}", baselines.predict_nearest_mean),
            Baseline("logistic", f"logistic regression {means}", baselines.predict_logistic),
            *super().baselines(),
        )


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [SpokenCommands]
