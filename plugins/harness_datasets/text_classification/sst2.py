"""SST-2: film sentences, positive or negative. The user's own copy of the published files."""

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

_STEM, _NAMES = "stsa.binary", {"0": "negative", "1": "positive"}
_KIM = "harvardnlp/sent-conv-torch, README (25 epochs; its training set also has the phrases inside the sentences)"
_FEDNLP = "FedML-AI/FedNLP, experiments/centralized/text_classification/README.md (older versions)"
REFERENCES = (
    Reference(
        "accuracy",
        83.5,
        "CNN, random embeddings",
        _KIM,
        "sst2",
        protocol="sentences and phrases for training, sentences for test",
        test_examples=1821,
    ),
    Reference(
        "accuracy",
        87.0,
        "CNN, word2vec embeddings, trained on",
        _KIM,
        "sst2",
        protocol="sentences and phrases for training, sentences for test; pretrained embeddings",
        test_examples=1821,
    ),
    Reference(
        "accuracy",
        86.3,
        "two-layer LSTM, GloVe",
        "Tai, Socher, Manning 2015, Table 2",
        "sst2",
        model="stacked_lstm",
        protocol="sentences and phrases for training, sentences for test; pretrained embeddings",
        test_examples=1821,
    ),
    Reference(
        "accuracy",
        65.45,
        "BiLSTM, 256 units, random embeddings",
        _FEDNLP,
        "sst2",
        model="bilstm",
        protocol="texts cut to 12 tokens; Adam 1e-3, dropout 0.1",
        options={"task.max_length": 12},
    ),
)


@dataclass
class Sst2(LabelledText):
    """Sentences of the Stanford Sentiment Treebank (Socher et al. 2013) without the neutral ones.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "sst2"
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
    return [Sst2]
