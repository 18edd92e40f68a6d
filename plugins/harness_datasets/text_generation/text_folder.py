"""Any text: a folder with train.txt, val.txt and test.txt, or with one file, cut into consecutive 90, 5 and 5 %."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.text_generation._text_corpora import corpus
from harness_datasets.text_generation.counting import Counting

HARNESS_CONTRACT = 2


@dataclass
class TextFolder(TextCorpus):
    """Text files of one's own, in UTF-8 (or UTF-16 with a byte-order mark).

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "text"

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """Three files, or one that is cut.

        Raises:
            DataError: the folder is missing or empty, its files are not the expected ones, a file is not text,
                or a split is empty.
        """
        source = self._folder()
        files = _by_name(source.files())
        if {"train", "val", "test"} <= files.keys():
            used = [files[name] for name in ("train", "val", "test")]
            texts = [read_text(path) for path in used]
        elif len(files) == 1:
            used = list(files.values())
            texts = _cut(read_text(used[0]))
        else:
            raise DataError(
                f"The folder {shown(self.root or '')} holds {', '.join(shown(p.name) for p in source.files())}; "
                "expected train.txt, val.txt and test.txt, or one text file alone."
            )
        data = corpus(texts, shown(self.root or ""))
        data.notes |= source.unused(used, "neither train, val nor test")
        return data

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="text",
            root=self.root,
            licence="the user's own",
            description="train.txt, val.txt and test.txt in UTF-8, plain or .gz, or one text file, split 90/5/5",
            patterns=("*.txt", "*.txt.gz"),
        )


def _by_name(files: Sequence[Path]) -> dict[str, Path]:
    """Files by what they are called in lower case, without ending; one called "valid" counts as "val".

    Raises:
        DataError: two are called the same.
    """
    named: dict[str, Path] = {}
    for path in files:
        name = path.name.lower().removesuffix(".gz").removesuffix(".txt")
        name = "val" if name == "valid" else name
        if name in named:
            raise DataError(f"{shown(named[name])} and {shown(path.name)} are both '{name}'; keep one of them.")
        named[name] = path
    return named


def _cut(text: str) -> list[str]:
    """Consecutive 90, 5 and 5 %, each border moved to the next line end where one is near."""

    def border(position: int) -> int:
        found = re.compile("\n").search(text, position, position + 1000)
        return found.end() if found else position

    first, second = border(len(text) * 90 // 100), border(len(text) * 95 // 100)
    return [text[:first], text[first:second], text[second:]]


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [TextFolder]
