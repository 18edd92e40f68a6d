"""Any text: train.txt, val.txt and test.txt in a folder, or one file, cut into consecutive 90, 5 and 5 %.

A training text of 64 MB or more is read in pieces and need not fit into memory; of a single file as large, validation
and test are at most 5 MB each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.text.long_documents import LongDocuments
from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_text
from harness.data.text_pieces import LARGE, TextPieces
from harness.errors import DataError
from harness_datasets.text_generation._text_corpora import corpus
from harness_datasets.text_generation.counting import Counting

HARNESS_CONTRACT = 2

HELD_OUT = 5_000_000
"""Bytes at most for validation and for test where one large file is cut."""


@dataclass
class TextFolder(TextCorpus):
    """Text files of one's own, in UTF-8 (or UTF-16 with a byte-order mark).

    Fields:
        root: the folder, or the file.
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
            long = _is_long(used[0])
            texts = [read_text(path) for path in used[long:]]
            whole = TextPieces(used[0], source.fingerprint()) if long else None
        elif len(files) == 1:
            used = list(files.values())
            long = _is_long(used[0])
            whole, texts = _cut_long(used[0], source.fingerprint()) if long else (None, _cut(read_text(used[0])))
        else:
            raise DataError(
                f"The folder {shown(self.root or '')} holds {', '.join(shown(p.name) for p in source.files())}; "
                "expected train.txt, val.txt and test.txt, or one text file alone."
            )
        if whole is None:
            data = corpus(texts, shown(self.root or ""))
        else:
            data = corpus([whole[0], *texts], shown(self.root or ""))
            data.train = LongDocuments("train", whole)
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
            or_file=True,
        )


def _is_long(path: Path) -> bool:
    """Whether a text is read in pieces. A packed one is not: only the whole of it can be unpacked."""
    return path.suffix.lower() != ".gz" and path.stat().st_size >= LARGE


def _cut_long(path: Path, content: str) -> tuple[TextPieces, list[str]]:
    """As `_cut`, with at most `HELD_OUT` bytes for each held-out split, read into memory."""
    whole = TextPieces(path, content)
    held = min(whole.size * 5 // 100, HELD_OUT)
    first, second = whole.border(whole.size - 2 * held), whole.border(whole.size - held)
    held_out = [TextPieces(path, content, part=part) for part in ((first, second), (second, whole.size))]
    return TextPieces(path, content, part=(0, first)), ["".join(pieces) for pieces in held_out]


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
