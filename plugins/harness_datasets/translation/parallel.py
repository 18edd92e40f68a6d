"""Any line-aligned files: train, val and test with the language codes as suffixes, plain or .gz."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.parallel_text import ParallelText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import FolderSource, Source
from harness.places import user_path
from harness_datasets.translation._parallel_text import (
    folder_source,
    raw_splits,
    read_splits,
    unused_files,
    without_held_out,
)
from harness_datasets.translation.cipher import Cipher

HARNESS_CONTRACT = 2

_STEMS = {"train": "train", "val": "val", "test": "test"}


@dataclass
class ParallelFolder(ParallelText):
    """A folder of one's own; two folders are two data sets.

    Training leaves out pairs whose source stands in validation or test, up to case and punctuation, and validation
    those whose source stands in test.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "parallel"

    root: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.root = Path(self.root) if self.root is not None else None

    @property
    def label(self) -> str:
        """With the folder's name: "parallel-captions.en-de"."""
        folder = "" if self.root is None else f"-{user_path(self.root, 'task.root').absolute().name}"
        return f"{self.name}{folder}.{self.source_language}-{self.target_language}"

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
        return folder_source("parallel", self.root, _STEMS, self._codes, "the user's own")


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ParallelFolder]
