"""WikiText (Merity et al. 2016): good articles of Wikipedia, split into words, of which rare ones are <unk>."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import RawData
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import decode, lines, read_text
from harness.errors import DataError
from harness_datasets.text_generation._text_corpora import corpus
from harness_datasets.text_generation.counting import Counting

_SPLITS = ("train", "valid", "test")
_LICENCE = "CC BY-SA 3.0 (Wikipedia)"


@dataclass
class WikiText(TextCorpus):
    """Base of both sizes.

    Class variables:
        archive: the name of the published zip, without its ending.
        words: of the training text with an end for each line, as published; a copy with another number is noted.

    Fields:
        root: the zip, or a folder with wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens at any depth.
    """

    archive: ClassVar[str]
    words: ClassVar[int]

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split; each line is its words with single blanks between, and its end.

        Raises:
            DataError: a file is missing, is there twice, or cannot be read.
        """
        source = self._folder()
        files = source.files()
        used, texts = [], []
        for split in _SPLITS:
            path, text = self._text(files, f"wiki.{split}.tokens")
            used.append(path)
            texts.append("".join(f"{' '.join(line.split())}\n" for line in lines(text)))
        data = corpus(texts, shown(self.root or ""))
        found = len(texts[0].split()) + texts[0].count("\n")
        if found != self.words:
            data.notes["training words, ends of lines counted"] = f"{found:,}; as published there are {self.words:,}"
        data.notes |= source.unused(used, "beside those that are read")
        return data

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)

    def _text(self, files: list[Path], name: str) -> tuple[Path, str]:
        plain = [path for path in files if path.name == name]
        if len(plain) > 1:
            raise DataError(
                f"{name} lies at {' and '.join(shown(path) for path in plain[:2])}. Set task.root to the folder of one."
            )
        if plain:
            return plain[0], read_text(plain[0])
        for path in (path for path in files if path.suffix.lower() == ".zip"):
            with reading(path, "a zip archive"), zipfile.ZipFile(path) as archive:
                members = [member for member in archive.namelist() if PurePosixPath(member).name == name]
                if members:
                    return path, decode(archive.read(members[0]), f"{name} in {shown(path)}")
        raw = ""
        if any(path.suffix == ".raw" for path in files):
            raw = (
                " Texts that are not split into words (wiki.*.raw) are another data set: task.dataset=text reads them."
            )
        raise DataError(f"{shown(self.root or '')} has no {name}.{raw} Expected: {self._folder().description}.")

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence=_LICENCE,
            description=f"{self.archive}.zip, or wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens",
            patterns=(f"**/{self.archive}.zip", "**/wiki.*.tokens", "**/wiki.*.raw"),
            or_file=True,
        )
