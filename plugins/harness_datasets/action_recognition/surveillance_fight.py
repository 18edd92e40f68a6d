"""Surveillance-camera fights (Aktı, Tataroğlu and Ekenel 2019): does a short clip show a fight? The user's copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness_datasets.action_recognition.video_folder import VideoFolder

HARNESS_CONTRACT = 2


@dataclass
class SurveillanceFight(VideoFolder):
    """150 clips of fights and 150 of other scenes, in the folders `fight` and `noFight`, without a published split.

    Run all folds, `task.fold=0,1,2,3,4`, and average. The clips do not say which films they were cut from.

    Fields:
        root: the folder.
        fold: which of five folds is test, 0 to 4; half of the next is validation.
    """

    name: ClassVar[str] = "surveillance_fight"

    fold: int | None = 0

    @property
    def _named(self) -> str:
        return self.name

    @property
    def references(self) -> tuple[Reference, ...]:
        """The lower and the upper end of what a public repository reports."""
        return tuple(
            Reference(
                "accuracy",
                value,
                f"InceptionV3 and two LSTM layers, {end} of its settings",
                "github.com/maroacc/fight-detection",
                self.label,
                protocol="pretrained on ImageNet",
                split="one split of its authors",
            )
            for value, end in ((70.0, "lowest"), (79.0, "highest"))
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [SurveillanceFight]
