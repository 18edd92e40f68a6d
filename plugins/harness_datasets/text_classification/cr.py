"""CR: customer reviews of products, sentence by sentence. The user's own copy of custrev.all."""

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
class Cr(CrossValidated):
    """Sentences of customer reviews, positive or negative (Hu and Liu 2004).

    Fields:
        root: the folder.
        fold: which of ten folds is test, 0 to 9; the next is validation.
    """

    name: ClassVar[str] = "cr"
    file: ClassVar[str] = "custrev.all"
    classes: ClassVar[Mapping[str, str]] = {"0": "negative", "1": "positive"}

    @property
    def references(self) -> tuple[Reference, ...]:
        """Means over ten folds."""
        return (
            published(78.3, "CNN, random embeddings", self.label),
            published(84.4, "CNN, word2vec embeddings, trained on", self.label, pretrained=True),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Cr]
