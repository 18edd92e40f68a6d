"""Subj: is a sentence about a film subjective (a reviewer's) or objective (a plot summary's)? The user's own copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness_datasets.text_classification._cross_validated import CrossValidated, published

HARNESS_CONTRACT = 2


@dataclass
class Subj(CrossValidated):
    """Subjectivity sentences of Pang and Lee 2004: 5,000 of reviews, 5,000 of plot summaries.

    Fields:
        root: the folder.
        fold: which of ten folds is test, 0 to 9; the next is validation.
    """

    name: ClassVar[str] = "subj"
    file: ClassVar[str] = "subj.all"
    classes: ClassVar[Mapping[str, str]] = {"0": "subjective", "1": "objective"}

    @property
    def references(self) -> tuple[Reference, ...]:
        """Means over ten folds."""
        return (
            published(89.2, "CNN, random embeddings", self.label),
            published(93.4, "CNN, word2vec embeddings, trained on", self.label, pretrained=True),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Subj]
