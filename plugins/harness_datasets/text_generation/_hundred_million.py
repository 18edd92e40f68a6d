"""The first hundred million bytes of a Wikipedia dump, cut at 90 and 95 million: what enwik8 and text8 share."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import RawData
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.text_generation._text_corpora import corpus
from harness_datasets.text_generation.counting import Counting


@dataclass
class HundredMillion(TextCorpus):
    """Base of both.

    Each byte is one character (Latin-1), so that bits per character are the bits per byte that are published.

    Class variables:
        sizes: bytes for training, validation and test.

    Fields:
        root: the file, its zip, or a folder with one of them.
    """

    sizes: ClassVar[tuple[int, int, int]] = (90_000_000, 5_000_000, 5_000_000)

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The first 90 million bytes, the next five, and the last five.

        Raises:
            DataError: the file is missing or has another size.
        """
        source = self._folder()
        path, content = self._content(source.files())
        if len(content) != sum(self.sizes):
            raise DataError(
                f"{shown(path)} has {len(content):,} bytes; {self.name} has {sum(self.sizes):,}. Fetch it again."
            )
        train, val, _ = self.sizes
        text = content.decode("latin-1")
        data = corpus([text[:train], text[train : train + val], text[train + val :]], shown(path))
        data.notes |= {"split": "the first 90, the next 5 and the last 5 million bytes, as published"}
        data.notes |= source.unused([path], "beside the one that is read")
        return data

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)

    def _content(self, files: list[Path]) -> tuple[Path, bytes]:
        plain = [path for path in files if path.name == self.name]
        path = plain[0] if plain else files[0]
        if plain:
            with reading(path, "a file"):
                return path, path.read_bytes()
        with reading(path, "a zip archive"), zipfile.ZipFile(path) as archive:
            members = [member for member in archive.namelist() if PurePosixPath(member).name == self.name]
            if not members:
                raise DataError(f"{shown(path)} holds no {self.name}.")
            return path, archive.read(members[0])

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="CC BY-SA (Wikipedia)",
            description=f"{self.name}, or {self.name}.zip, as mattmahoney.net publishes it",
            patterns=(self.name, f"{self.name}.zip"),
            or_file=True,
        )
