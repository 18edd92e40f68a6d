"""Which class a series of measurements belongs to: who speaks out of the box, movements, your own files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from harness.contract.batch import ListSplit
from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.specs import FrameInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.errors import DataError
from harness.metrics.classification import ACCURACY, MACRO_F1
from harness.targets import ClassTarget
from harness_tasks.labelled_series import LabelledSeries
from harness_tasks.series import _neighbours
from harness_tasks.series._labelled_series import LabelledSeriesEncoder, SeriesScale, jitter

HARNESS_CONTRACT = 2

_SPLITS = ("train", "val", "test")


def _japanese_vowels() -> Dataset:
    from harness_datasets.series_classification.japanese_vowels import JapaneseVowels

    return JapaneseVowels()


@dataclass
class SeriesClassification(DatasetTask):
    """Name the class of a series (T, F); lengths may differ, and padding never counts.

    Variables are normalised by their mean and deviation over all steps of training. A value that is missing is the one
    before it, and at the beginning the mean.

    Fields:
        dataset: the series; see `LabelledSeries`.
        jitter: deviation of the noise that is added to training series, in deviations of each variable; None: as the
            data set says, else 0.
    """

    name: ClassVar[str] = "series_classification"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = LabelledSeries
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[ClassTarget]] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY, MACRO_F1)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=16))
    dataset: Dataset = field(default_factory=_japanese_vowels)
    jitter: float | None = None

    def __post_init__(self) -> None:
        if self.jitter is not None and self.jitter < 0:
            raise ValueError(f"task.jitter is {self.jitter}; it must be at least 0.")

    def setup(self) -> TaskData:
        """Normalised series and the numbers of their classes.

        Raises:
            DataError: the series are missing or cannot be used, or differ in their number of variables.
        """
        raw = self.dataset.read()
        classes = raw.labels or tuple(sorted({one.target for one in raw.train}))
        size = raw.train[0].input.shape[1]
        for one in (*raw.train, *raw.val, *raw.test):
            if one.input.shape[1] != size:
                raise DataError(
                    f"Series '{one.id}' has {one.input.shape[1]} variables and '{raw.train[0].id}' has {size}; all "
                    "must have the same."
                )
        encoder = LabelledSeriesEncoder(SeriesScale.fit([one.input for one in raw.train]), tuple(classes))
        train, val, test = (ListSplit([encoder.example(one) for one in getattr(raw, name)]) for name in _SPLITS)
        noise = self.on_this_data("jitter", 0.0)
        lengths = train.input_lengths
        notes = dict(raw.notes) | {"training steps a series": f"{lengths.min()} to {lengths.max()}"}
        return TaskData(
            train,
            val,
            test,
            FrameInput(size),
            ClassTarget(len(classes), tuple(classes)),
            preprocessing=encoder,
            augment=jitter(noise) if noise else None,
            notes=notes,
            whole_inputs=self._aligned,
        )

    def load_preprocessing(self, folder: Path) -> LabelledSeriesEncoder:
        """Scale of variables and names of classes."""
        return LabelledSeriesEncoder.load(folder)

    def tiny(self) -> SeriesClassification:
        """The data set's tiny form."""
        return replace(self, dataset=self.dataset.tiny())

    def baselines(self) -> tuple[Baseline, ...]:
        """The most frequent class, the nearest series in one sense or two, and the data set's own."""
        warped = Baseline(
            "nearest_warped",
            "the nearest training series by dynamic time warping; series of more than 32 steps are averaged to 32, "
            "and of more than 500 training series the first of each class are taken",
            _neighbours.nearest_warped,
        )
        return (
            Baseline("most_frequent", "the most frequent class of training", _neighbours.most_frequent),
            Baseline(
                "nearest_statistics",
                "the training series with the nearest means and deviations of its variables",
                _neighbours.nearest_statistics,
            ),
            *(() if self._aligned else (warped,)),
            *super().baselines(),
        )

    @property
    def _aligned(self) -> bool:
        return isinstance(self.dataset, LabelledSeries) and self.dataset.aligned


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [SeriesClassification]
