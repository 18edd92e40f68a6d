"""Four movements from a watch's accelerometer and gyroscope; in a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness_datasets.series_classification._aeon import AeonSeries

HARNESS_CONTRACT = 2


@dataclass
class BasicMotions(AeonSeries):
    """40 series for training and 40 for test, of 100 steps at 10 Hz: standing, running, walking, badminton."""

    name: ClassVar[str] = "basic_motions"
    member: ClassVar[str] = "BasicMotions"
    described: ClassVar[str] = "80 recordings of a watch's accelerometer and gyroscope, four movements."


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [BasicMotions]
