"""SST-5: film sentences on a scale of five. The user's own copy of the published files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.sources import FolderSource, Source
from harness_datasets.text_classification import _sentiment_treebank
from harness_datasets.text_classification.colours import Colours

HARNESS_CONTRACT = 2

_STEM = "stsa.fine"
_NAMES = {"0": "very negative", "1": "negative", "2": "neutral", "3": "positive", "4": "very positive"}
_PHRASES = "sentences and phrases for training, sentences for test"
REFERENCES = (
    Reference(
        "accuracy",
        42.2,
        "CNN, random embeddings",
        "harvardnlp/sent-conv-torch, README (25 epochs)",
        "sst5",
        protocol=_PHRASES,
        test_examples=2210,
    ),
    Reference(
        "accuracy",
        46.7,
        "CNN, word2vec embeddings, trained on",
        "harvardnlp/sent-conv-torch, README (25 epochs, mean of 5)",
        "sst5",
        protocol=f"{_PHRASES}; pretrained embeddings",
        test_examples=2210,
    ),
)


@dataclass
class Sst5(LabelledText):
    """Sentences of the Stanford Sentiment Treebank (Socher et al. 2013) with their five labels.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "sst5"
    references: ClassVar[tuple[Reference, ...]] = REFERENCES

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split.

        Raises:
            DataError: as for `_sentiment_treebank.read`.
        """
        return _sentiment_treebank.read(self._folder(), _STEM, _NAMES)

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    def _folder(self) -> FolderSource:
        return _sentiment_treebank.folder(self.name, self.root, _STEM)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Sst5]
