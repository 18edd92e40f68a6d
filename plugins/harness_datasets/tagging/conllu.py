"""Universal Dependencies treebanks: parts of speech from CoNLL-U files, the user's own copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.tagged_text import TaggedText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.contract.task import Reference
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness.places import user_path
from harness_datasets.tagging._tagged_files import by_split
from harness_datasets.tagging._tagged_rows import Sentence, completed, raw_data, word
from harness_datasets.tagging.toy_slots import ToySlots

HARNESS_CONTRACT = 2

_COLUMNS = {"upos": 3, "xpos": 4}
_EXPECTED = "*-ud-train.conllu, *-ud-dev.conllu and *-ud-test.conllu, as a treebank publishes them"
_SPACY = Reference(
    "token_accuracy",
    96.94,
    "RoBERTa pipeline of spaCy",
    "huggingface.co/explosion/en_udv25_englishewt_trf",
    protocol="Universal Dependencies 2.5, trained on its training file with pretrained weights; UPOS of the test file",
)


@dataclass
class ConllU(TaggedText):
    """Words and their universal (or the language's own) parts of speech.

    Words are the treebank's syntactic words; lines of multiword tokens and of empty nodes are passed over. Where a
    folder has no training file, dev stands in for it. Sentences that are also held out are left out of training.

    Fields:
        root: the folder, or one file.
        column: "upos" or "xpos".
    """

    name: ClassVar[str] = "conllu"

    root: Path | None = None
    column: str = option("upos", choices=tuple(_COLUMNS))

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        if self.column not in _COLUMNS:
            raise ValueError(f"task.column is '{self.column}'; it must be one of {', '.join(_COLUMNS)}.")

    @property
    def label(self) -> str:
        """With the treebank, as its files are called, and the column: "conllu.en_ewt.upos"."""
        stem = self._treebank or ("" if self.root is None else user_path(self.root, "task.root").absolute().name)
        return ".".join(part for part in (self.name, stem, self.column) if part)

    @property
    def references(self) -> tuple[Reference, ...]:
        """For English EWT with its training file."""
        whole = self._treebank == "en_ewt" and any("-ud-train." in name for name in self._names)
        return (_SPACY,) if whole and self.column == "upos" else ()

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The files' split, completed where a file is missing.

        Raises:
            DataError: the folder or a file is missing, or a line is no CoNLL-U.
        """
        source = self._folder()
        files = by_split(source.files(), _EXPECTED)
        found = {name: read_conllu(path, _COLUMNS[self.column]) for name, path in files.items()}
        splits, notes = completed(found, _EXPECTED)
        notes |= source.unused(files.values(), "another split or a second file of one")
        return raw_data(splits, notes)

    def tiny(self) -> ToySlots:
        """Toy commands."""
        return ToySlots()

    @property
    def _names(self) -> list[str]:
        """Names of the folder's files; none where it cannot be read."""
        try:
            return [path.name for path in self._folder().files()]
        except DataError:
            return []

    @property
    def _treebank(self) -> str:
        found = {match.group(1) for name in self._names if (match := re.match(r"(\w+)-ud-\w+\.conllu", name))}
        return found.pop() if len(found) == 1 else ""

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="conllu",
            root=self.root,
            licence="as the treebank says; the user's own copy",
            description=_EXPECTED,
            patterns=("*.conllu", "*.conllu.gz"),
            or_file=True,
        )


def read_conllu(path: Path, column: int) -> list[Sentence]:
    """Sentences with the tags of a column.

    Args:
        path: of the file.
        column: of the tags, from 0.

    Raises:
        DataError: the file is not text, a line has no ten columns, or there is no tag; names file and line.
    """
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if words:
                sentences.append(Sentence(tuple(words), tuple(tags)))
                words, tags = [], []
            continue
        cells = line.split("\t")
        if len(cells) != 10:
            raise DataError(
                f"{shown(path)}, line {number}: {len(cells)} columns between tabs where CoNLL-U has 10. "
                "See universaldependencies.org/format.html; for words and tags alone use task.dataset=bio_columns."
            )
        if "-" in cells[0] or "." in cells[0]:
            continue
        words.append(word(cells[1]))
        tags.append(word(cells[column]))
    if not sentences:
        raise DataError(f"{shown(path)} holds no sentence.")
    if all(tag == "_" for one in sentences for tag in one.tags):
        raise DataError(f"{shown(path)} has no tags in column {column + 1}: each is '_'. Choose another task.column.")
    return sentences


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ConllU]
