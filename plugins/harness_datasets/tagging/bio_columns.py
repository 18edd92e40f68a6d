"""Words and tags in columns, a word a line: CoNLL-2003, WNUT 2017, and any file of that form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.tagged_text import TaggedText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
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

_EXPECTED = "a file of train, one of dev or val and one of test, told by their names; or one file, which is split"
_BIOES = {"S": "B", "E": "I", "B": "B", "I": "I"}
_NCRF = Reference(
    "span_f1",
    88.57,
    "word LSTM with GloVe vectors",
    "github.com/jiesutd/NCRFpp README",
    protocol="CoNLL-2003, GloVe of 100 dimensions, no characters, no CRF; best of several runs is not said",
    model="bilstm",
)


@dataclass
class BioColumns(TaggedText):
    """The first column is the word, the last its tag; an empty line ends a sentence.

    Columns stand between tabs, or between blanks in lines without a tab. Tags in BIOES are read as BIO. Sentences that
    are also held out are left out of training.

    Fields:
        root: the folder, or one file.
        spans: whether tags mark spans (BIO, IOB or BIOES); False: any tags, scored by accuracy.
    """

    name: ClassVar[str] = "bio_columns"

    root: Path | None = None
    spans: bool = True

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    @property
    def marks_spans(self) -> bool:
        """As `spans` says."""
        return self.spans

    @property
    def label(self) -> str:
        """With the folder's name: "bio_columns-wnut17"."""
        return self.name if self.root is None else f"{self.name}-{user_path(self.root, 'task.root').absolute().name}"

    @property
    def references(self) -> tuple[Reference, ...]:
        """For CoNLL-2003 in its published files."""
        try:
            names = {path.name for path in self._folder().files()}
        except DataError:
            return ()
        return (_NCRF,) if self.spans and {"eng.train", "eng.testa", "eng.testb"} <= names else ()

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The files' split, completed where a file is missing.

        Raises:
            DataError: the folder or a file is missing, or a line has no word and tag.
        """
        source = self._folder()
        files = by_split(source.files(), _EXPECTED)
        splits, notes = completed(
            {name: read_columns(path, spans=self.spans) for name, path in files.items()}, _EXPECTED
        )
        notes |= source.unused(files.values(), "its name says neither train, dev nor test")
        return raw_data(splits, notes)

    def tiny(self) -> ToySlots:
        """Toy commands."""
        return ToySlots()

    def _folder(self) -> FolderSource:
        endings = ("conll", "annotated", "bio", "iob", "iob2", "txt", "tsv", "train", "testa", "testb", "dev", "test")
        return FolderSource(
            name="bio_columns",
            root=self.root,
            licence="the user's own",
            description=f"words and tags in columns: {_EXPECTED}",
            patterns=tuple(f"*.{end}{packed}" for end in endings for packed in ("", ".gz")),
            or_file=True,
        )


def read_columns(path: Path, *, spans: bool = True) -> list[Sentence]:
    """Sentences of a file.

    Args:
        path: of the file.
        spans: whether tags must be BIO, IOB or BIOES.

    Raises:
        DataError: the file is not text, a line has one column only, or a tag is none of those; names file and line.
    """
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if not line.strip():
            if words:
                sentences.append(Sentence(tuple(words), tuple(tags)))
                words, tags = [], []
            continue
        cells = [cell for cell in line.rstrip().split("\t")] if "\t" in line.rstrip() else line.split()
        if cells[0] == "-DOCSTART-":
            continue
        if len(cells) < 2 or not cells[-1].strip():
            raise DataError(
                f"{shown(path)}, line {number}: '{line.strip()}' has no second column. Each line needs a word and its "
                "tag with a tab or a blank between them; an empty line ends a sentence."
            )
        words.append(word(cells[0]))
        tags.append(_bio(cells[-1].strip(), path, number) if spans else word(cells[-1]))
    if not sentences:
        raise DataError(f"{shown(path)} holds no sentence: it has no line with a word and a tag.")
    return sentences


def _bio(tag: str, path: Path, number: int) -> str:
    prefix, _, kind = tag.partition("-")
    if tag == "O":
        return tag
    if prefix not in _BIOES or not kind or " " in kind:
        raise DataError(
            f"{shown(path)}, line {number}: '{tag}' is no tag of BIO (B-PER, I-PER, O). If the tags mark no spans, as "
            "parts of speech, set task.spans=false."
        )
    return f"{_BIOES[prefix]}-{kind}"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [BioColumns]
