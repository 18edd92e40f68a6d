"""Human activity recognition with smartphones (UCI HAR): your own copy, in its published layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.labelled_series import LabelledSeries, with_validation

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.series_classification.bumps import Bumps

HARNESS_CONTRACT = 2

_SIGNALS = tuple(f"{kind}_{axis}" for kind in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
_VALIDATION = 0.2


@dataclass
class UciHar(LabelledSeries):
    """Windows of 128 steps at 50 Hz of nine signals, six activities; the published split is by subject.

    Validation is whole subjects of the training part. Neighbouring windows overlap by half, within a subject.

    Fields:
        root: the folder "UCI HAR Dataset", or the one above it.
    """

    name: ClassVar[str] = "uci_har"
    tried: ClassVar[bool] = False
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            "accuracy",
            91.65,
            "LSTM, 2 × 32",
            "guillaume-chevalier/LSTM-Human-Activity-Recognition, README",
            "uci_har",
            model="lstm",
            protocol="official split, raw windows, the final weights; 93.2 is the best seen on the test part",
            test_examples=2947,
        ),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split.

        Raises:
            DataError: the folder or a file is missing, or files do not fit each other.
        """
        source = self._folder()
        files = {path.name: path for path in source.files()}
        activities = dict(line.split() for line in _lines(files, "activity_labels.txt", source))
        train, subjects = self._part("train", files, activities, source)
        test, _ = self._part("test", files, activities, source)
        kept, val, rule = with_validation(train, _VALIDATION, subjects, "subject")
        return RawData(kept, val, test, labels=tuple(activities.values()), notes={"split": rule})

    def tiny(self) -> Bumps:
        """Generated bumps."""
        return Bumps.of_few()

    def _part(
        self, part: str, files: dict[str, Path], activities: dict[str, str], source: FolderSource
    ) -> tuple[list[RawExample], list[str]]:
        labels = [line.strip() for line in _lines(files, f"y_{part}.txt", source)]
        subjects = [line.strip() for line in _lines(files, f"subject_{part}.txt", source)]
        signals = []
        for signal in _SIGNALS:
            name = f"{signal}_{part}.txt"
            rows = [line.split() for line in _lines(files, name, source)]
            if len(rows) != len(labels) or len(subjects) != len(labels):
                raise DataError(f"{files[name]} has {len(rows)} windows, y_{part}.txt {len(labels)} labels.")
            if len({len(row) for row in rows}) != 1:
                raise DataError(f"{files[name]}: windows differ in length; expected 128 numbers a line.")
            try:
                signals.append(np.array(rows, dtype=np.float64))
            except ValueError as error:
                raise DataError(f"{files[name]}: {error}.") from error
        unknown = sorted(set(labels) - activities.keys())
        if unknown:
            raise DataError(
                f"{files[f'y_{part}.txt']} has label '{unknown[0]}', which activity_labels.txt does not name."
            )
        values = np.stack(signals, axis=2)  # (N, T, 9)
        made = [
            RawExample(f"{part}-{i:05d}", window, activities[label], f"subject {subject}")
            for i, (window, label, subject) in enumerate(zip(values, labels, subjects, strict=True))
        ]
        return made, subjects

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="uci_har",
            root=self.root,
            licence="CC BY 4.0",
            description="activity_labels.txt, and train and test with y_*.txt, subject_*.txt and 'Inertial Signals'",
            patterns=(
                "**/activity_labels.txt",
                "**/y_*.txt",
                "**/subject_*.txt",
                "**/Inertial Signals/*.txt",
            ),
        )


def _lines(files: dict[str, Path], name: str, source: FolderSource) -> list[str]:
    if name not in files:
        raise DataError(f"The folder {source.root} has no {name}. Expected: {source.description}.")
    return [line for line in read_text(files[name]).split("\n") if line.strip()]


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [UciHar]
