"""Multi30k, captions of pictures: the user's copy in its published layout (train, val, test_2016_flickr)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.parallel_text import ParallelText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.sources import FolderSource, Source
from harness_datasets.translation._parallel_text import (
    folder_source,
    raw_splits,
    read_splits,
    unused_files,
    without_held_out,
)
from harness_datasets.translation.cipher import Cipher

HARNESS_CONTRACT = 2

_STEMS = {"train": "train", "val": "val", "test": "test_2016_flickr"}
_NOTEBOOKS = "bentrevett/pytorch-seq2seq, output of notebook {} (spaCy tokens, lower case)"


def _published(value: float, system: str, notebook: int) -> Reference:
    return Reference(
        "bleu",
        value,
        system,
        _NOTEBOOKS.format(notebook),
        "multi30k.de-en",
        protocol="spaCy tokens in lower case; one model; all training pairs of the published split",
        signature="case:lc|tok:spacy",
        test_examples=1000,
        options={"task.lowercase": True},
    )


@dataclass
class Multi30k(ParallelText):
    """Task 1 of Multi30k (Elliott et al. 2016); in lower case, as published comparisons have it.

    Training leaves out pairs whose source stands in validation or test, up to case and punctuation, and validation
    those whose source stands in test.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "multi30k"
    defaults: ClassVar = {"lowercase": True}
    references: ClassVar[tuple[Reference, ...]] = (
        _published(13.76, "2-layer LSTM encoder-decoder, no attention, 13.9 M", 1),
        _published(20.61, "GRU encoder-decoder, 14.2 M", 2),
        _published(28.30, "bidirectional GRU + Bahdanau attention, 20.5 M", 3),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.root = Path(self.root) if self.root is not None else None

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def unused_files(self) -> dict[str, str | int | float]:
        """Files of other languages, splits and kinds.

        Raises:
            DataError: as for `read`.
        """
        return unused_files(self._folder(), _STEMS, self._codes)

    def read(self) -> RawData:
        """Every line of the files, empty ones too.

        Raises:
            DataError: the folder or a file is missing, or two files do not fit each other.
        """
        rows = read_splits(self._folder().fetch(), _STEMS, *self._codes)
        return raw_splits(*without_held_out(rows))

    def tiny(self) -> Cipher:
        """The toy language."""
        return Cipher()

    @property
    def _codes(self) -> tuple[str, str]:
        return self.source_language, self.target_language

    def _folder(self) -> FolderSource:
        return folder_source("multi30k", self.root, _STEMS, self._codes, "text licence unstated; research use")


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Multi30k]
