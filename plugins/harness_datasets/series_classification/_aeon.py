"""Data sets of the UCR/UEA archive that the wheel of aeon holds, with their published split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness_tasks.labelled_series import LabelledSeries, with_validation

from harness.contract.dataset import RawData
from harness.data.sources import Source, WheelSource
from harness_datasets.series_classification._ts_files import parse_ts
from harness_datasets.series_classification.bumps import Bumps

VALIDATION = 0.1


@dataclass
class AeonSeries(LabelledSeries):
    """Base: the official test part, and a training part of which a tenth is for validation.

    Class variables:
        member: name of the data set in the archive.
        described: one sentence.
    """

    member: ClassVar[str]
    described: ClassVar[str]

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (self._wheel(),)

    def read(self) -> RawData:
        """The published split; validation is a tenth of each class of the training part.

        Raises:
            DataError: the wheel is out of reach or damaged.
        """
        wheel, parts = self._wheel(), {}
        for part in ("TRAIN", "TEST"):
            member = f"aeon/datasets/data/{self.member}/{self.member}_{part}.ts"
            parts[part] = parse_ts(wheel.read_member(member).decode("utf-8"), member, part.lower())
        train, val, rule = with_validation(parts["TRAIN"].examples, VALIDATION)
        return RawData(train, val, parts["TEST"].examples, labels=parts["TRAIN"].classes, notes={"split": rule})

    def tiny(self) -> Bumps:
        """Generated bumps."""
        return Bumps.of_few()

    def _wheel(self) -> WheelSource:
        return WheelSource(
            name=self.name,
            distribution="aeon",
            version="1.6.0",
            sha256="d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
            size_mb=6.4,
            licence="BSD-3-Clause (the package); data of the UCR/UEA archive",
            description=self.described,
        )
