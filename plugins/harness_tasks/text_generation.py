"""Language modelling of text, one symbol at a time: bits per character on held-out text, and generated samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit
from harness.contract.dataset import Dataset, RawData
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.specs import TokenInput
from harness.contract.task import Loader, Task, TaskData
from harness.errors import DataError
from harness.metrics.language_model import BITS_PER_CHARACTER, PERPLEXITY
from harness.targets import NextTokenTarget
from harness_tasks.text._documents import Documents, written
from harness_tasks.text._stored_documents import StoredDocuments, stored
from harness_tasks.text._text_symbols import (
    BOS,
    PAD,
    UNK,
    CharacterVocabulary,
    SubwordVocabulary,
    Symbols,
    SymbolVocabulary,
    WordVocabulary,
)
from harness_tasks.text.long_documents import LongDocuments
from harness_tasks.text_corpus import TextCorpus

HARNESS_CONTRACT = 2

Notes = dict[str, str | int | float]
_SUBWORD_PIECES = 25  # of a text too long for memory that subwords are learned from, evenly spread: some 100 MB
_SPLITS = {"train": "training", "val": "validation", "test": "test"}


def _king_james() -> Dataset:
    from harness_datasets.text_generation.king_james import KingJames

    return KingJames()


@dataclass
class TextGeneration(DatasetTask):
    """Predict the next symbol of a text, in text order, each test symbol scored exactly once.

    Fields:
        dataset: the text; see `TextCorpus`.
        symbols: character, subword (byte-level BPE) or word; None: as the data set says, else character.
        vocab_size: most symbols of a subword or word vocabulary; None: 4,000 subwords, all words.

    The vocabulary is fitted on training text (subwords of a text of gigabytes on some 100 MB of it), and training
    symbols are kept on disk, encoded once. Text is in Unicode NFC, with "\\n" for every line end; what looks like a
    special symbol ("<pad>") is text, but for "<unk>" among words. `Example.units["characters"]` counts the characters
    of that text, so bits per character is comparable between characters, subwords and words.
    """

    name: ClassVar[str] = "text_generation"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = TextCorpus
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[NextTokenTarget]] = NextTokenTarget
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_CHARACTER, PERPLEXITY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32, bptt=128))
    dataset: Dataset = field(default_factory=_king_james)
    symbols: Symbols | None = None
    vocab_size: int | None = None

    def __post_init__(self) -> None:
        if self.symbols is not None:
            self.symbols = Symbols(self.symbols)
        if self.vocab_size is not None and self.vocab_size < 4:
            raise ValueError(f"task.vocab_size is {self.vocab_size}; it must be at least 4, or null.")

    @property
    def dataset_name(self) -> str:
        """Text and kind of symbol: "king_james.character"."""
        return f"{self.dataset.label}.{self._symbols.value}"

    def prepare_data(self) -> None:
        """Fetch the text, split it and fit the vocabulary, once.

        Raises:
            DataError: the text is missing, out of reach or not as expected.
        """
        super().prepare_data()
        self._stored(self.dataset.read())

    def setup(self) -> TaskData:
        """Symbol ids of the split text.

        Raises:
            DataError: as for `prepare_data`.
        """
        corpus = self.dataset.read()
        folder = self._stored(corpus)
        documents, notes = Documents.load(folder), dict(corpus.notes)
        train = StoredDocuments(folder, corpus.train)
        val, test = ([documents.example(raw) for raw in part] for part in (corpus.val, corpus.test))
        kept = {"val": [one for one in val if len(one.target)], "test": [one for one in test if len(one.target)]}
        for name, left, of in (("train", train, corpus.train), ("val", kept["val"], val), ("test", kept["test"], test)):
            if not len(left):
                raise DataError(f"The {_SPLITS[name]} text of data set '{self.dataset_name}' is empty.")
            if len(left) < len(of):
                notes[f"{_SPLITS[name]} documents left out, which are empty"] = len(of) - len(left)
        vocabulary = documents.vocabulary
        return TaskData(
            train,
            ListSplit(kept["val"]),
            ListSplit(kept["test"]),
            TokenInput(vocabulary.size, PAD),
            NextTokenTarget(vocabulary.size, PAD, BOS),
            preprocessing=documents,
            prompts=self._prompts(corpus, vocabulary),
            notes=notes
            | _counts("training", train.total("characters"), train.target_lengths, train.total("unknown"))
            | _counts("test", *_totals(kept["test"])),
        )

    def load_preprocessing(self, folder: Path) -> Documents:
        """The vocabulary."""
        return Documents.load(folder)

    def tiny(self) -> TextGeneration:
        """The data set's tiny form, in short rows."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=4, bptt=32))

    # -- private -------------------------------------------------------------------------------------

    @property
    def _symbols(self) -> Symbols:
        return Symbols(self.on_this_data("symbols", Symbols.character))

    def _stored(self, corpus: RawData) -> Path:
        """The folder of the vocabulary and of the training symbols."""
        kind = f"{self._symbols.value} {self.vocab_size}"
        return stored(corpus.train, kind, self.dataset_name, lambda: self._vocabulary(corpus))

    def _vocabulary(self, corpus: RawData) -> SymbolVocabulary:
        documents = corpus.train
        if self._symbols is Symbols.subword and isinstance(documents, LongDocuments):
            documents = documents[:: 1 + len(documents) // _SUBWORD_PIECES]
        texts = (written(document.target) for document in documents)
        if self._symbols is Symbols.character:
            return CharacterVocabulary(texts)
        if self._symbols is Symbols.word:
            return WordVocabulary(texts, self.vocab_size)
        return SubwordVocabulary.fit(texts, self.vocab_size or 4_000)

    def _prompts(self, corpus: RawData, vocabulary: SymbolVocabulary) -> tuple[tuple[int, ...], ...]:
        # A subword carries its blank in front, so a prompt that ends in one would be cut where no text is.
        openings = [p.rstrip(" ") if self._symbols is Symbols.subword else p for p in map(written, corpus.prompts)]
        return tuple(tuple(int(i) for i in vocabulary.encode(opening)) for opening in openings if opening)


def _totals(examples: Sequence[Example]) -> tuple[int, np.ndarray, int]:
    """Characters, symbols of each document, and unknown symbols."""
    unknown = sum(int((example.target == UNK).sum()) for example in examples)
    lengths = np.array([len(example.target) for example in examples], dtype=np.int64)
    return int(sum(example.units["characters"] for example in examples)), lengths, unknown


def _counts(split: str, characters: int, symbols: np.ndarray, unknown: int) -> Notes:
    return {
        f"{split} characters": characters,
        f"{split} symbols": int(symbols.sum()),
        f"{split} symbols unknown": unknown,
    }


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [TextGeneration]
