"""A number for a whole series: the adding problem out of the box, which asks for a memory over T steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric, Prediction
from harness.contract.raw import RawExample
from harness.contract.specs import FrameInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.metrics.series_regression import SERIES_MAE, SERIES_MSE, SERIES_MSE_IN_RANGE
from harness.targets import RegressionTarget
from harness_tasks.series._series_number import NumberedSeriesSplit, SeriesNumberEncoder
from harness_tasks.series_with_number import NumberedSeries, SeriesWithNumber

HARNESS_CONTRACT = 2


def _adding() -> Dataset:
    from harness_datasets.series_regression.adding import Adding

    return Adding()


@dataclass
class SeriesRegression(DatasetTask):
    """Say the number that follows from a series (T, F), at the lengths of training and at others.

    Values and numbers are used as they are, so that errors are in units of the data, as published ones are.

    Fields:
        dataset: the series; see `SeriesWithNumber`.
    """

    name: ClassVar[str] = "series_regression"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = SeriesWithNumber
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[RegressionTarget]] = RegressionTarget
    metrics: ClassVar[tuple[Metric, ...]] = (SERIES_MSE, SERIES_MSE_IN_RANGE, SERIES_MAE)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_adding)

    def setup(self) -> TaskData:
        """Series and numbers as they were drawn."""
        assert isinstance(self.dataset, SeriesWithNumber)
        raw, variables = self.dataset.read(), self.dataset.variables
        train, val, test = (_split(part) for part in (raw.train, raw.val, raw.test))
        return TaskData(
            train,
            val,
            test,
            FrameInput(variables),
            RegressionTarget(1),
            preprocessing=SeriesNumberEncoder(variables),
            notes=raw.notes,
        )

    def load_preprocessing(self, folder: Path) -> SeriesNumberEncoder:
        """How many variables there are."""
        return SeriesNumberEncoder.load(folder)

    def tiny(self) -> SeriesRegression:
        """The data set's tiny form."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """The mean of training, and the data set's own."""
        return (Baseline("mean", "Always says the mean of the training numbers.", _mean), *super().baselines())


def _split(series: Sequence[RawExample]) -> NumberedSeriesSplit:
    assert isinstance(series, NumberedSeries)
    return NumberedSeriesSplit(series)


def _mean(data: TaskData, seed: int) -> list[Prediction]:
    mean = sum(float(data.train[i].target[0]) for i in range(len(data.train))) / len(data.train)
    text = data.target_spec.text([mean])
    return [Prediction(data.test[i].id, [mean], text) for i in range(len(data.test))]


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [SeriesRegression]
