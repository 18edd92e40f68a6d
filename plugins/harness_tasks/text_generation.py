"""Language modelling of text, one symbol at a time: bits per character on held-out books, and generated samples."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import ClassVar

from harness.contract.batch import Example, ListSplit
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import TokenInput
from harness.contract.task import Loader, Metric, Reference, Task, TaskData
from harness.data.cache import cache_dir
from harness.data.sources import GeneratedSource, Source
from harness.metrics.language_model import BITS_PER_CHARACTER, PERPLEXITY
from harness.targets import NextTokenTarget
from harness_tasks import _king_james, _text_corpora
from harness_tasks._text_corpora import Corpus, Document
from harness_tasks._text_symbols import (
    BOS,
    PAD,
    UNK,
    CharacterVocabulary,
    SubwordVocabulary,
    Symbols,
    Vocabulary,
    WordVocabulary,
)

HARNESS_CONTRACT = 2


class TextSource(Enum):
    """The texts that this task knows."""

    king_james = "king_james"
    penn_treebank = "penn_treebank"
    text = "text"
    counting = "counting"


_BAI = "Bai, Kolter, Koltun 2018, 'An Empirical Evaluation of Generic Convolutional and Recurrent Networks', Table 1"
_TAKASE = "takase.github.io/lm_performance"
_WORDS, _CHARACTERS = "penn_treebank.word", "penn_treebank.character"


@dataclass
class TextGeneration(Task):
    """Predict the next symbol of a text, in text order, each test symbol scored exactly once.

    Fields:
        dataset: king_james (fetched with pip), penn_treebank or text (by folder), counting (generated).
        root: for penn_treebank: a folder with ptb.zip or ptb.{train,valid,test}.txt; for text: a folder with
            train.txt, val.txt and test.txt, or with one file, cut into consecutive 90, 5 and 5 %.
        symbols: character, subword (byte-level BPE) or word; None: word for penn_treebank, else character.
        vocab_size: most symbols of a subword or word vocabulary; None: 4,000 subwords, all words.
        data_seed: of the text counting.
        generated_characters: how many the text counting has.

    The vocabulary is fitted on training text. Validation and test are cut into documents of about 10,000
    characters, at chapter or line ends; `Example.units["characters"]` counts raw text, so bits per character
    is comparable between characters, subwords and words.
    """

    name: ClassVar[str] = "text_generation"
    version: ClassVar[str] = "1"
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[NextTokenTarget]] = NextTokenTarget
    metrics: ClassVar[tuple[Metric, ...]] = (BITS_PER_CHARACTER, PERPLEXITY)
    references: ClassVar[tuple[Reference, ...]] = (
        Reference("perplexity", 82.7, "LSTM, medium (2 × 650), Zaremba et al. 2014", _TAKASE, _WORDS),
        Reference("perplexity", 78.4, "LSTM, large (2 × 1500), Zaremba et al. 2014", _TAKASE, _WORDS),
        Reference("perplexity", 57.3, "AWD-LSTM, Merity et al. 2018", _TAKASE, _WORDS),
        Reference("perplexity", 78.93, "LSTM, 13 M parameters", _BAI, _WORDS),
        Reference("perplexity", 92.48, "GRU, 13 M parameters", _BAI, _WORDS),
        Reference("perplexity", 114.50, "RNN, 13 M parameters", _BAI, _WORDS),
        Reference("bits_per_character", 1.36, "LSTM, 3 M parameters", _BAI, _CHARACTERS),
        Reference("bits_per_character", 1.37, "GRU, 3 M parameters", _BAI, _CHARACTERS),
        Reference("bits_per_character", 1.48, "RNN, 3 M parameters", _BAI, _CHARACTERS),
    )

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32, bptt=128))
    dataset: TextSource = TextSource.king_james
    root: Path | None = None
    symbols: Symbols | None = None
    vocab_size: int | None = None
    data_seed: int = 0
    generated_characters: int = 20_000

    def __post_init__(self) -> None:
        self.dataset = TextSource(self.dataset)
        self.root = None if self.root is None else Path(self.root)
        if self.symbols is None:
            self.symbols = Symbols.word if self.dataset is TextSource.penn_treebank else Symbols.character
        self.symbols = Symbols(self.symbols)
        if self.vocab_size is not None and self.vocab_size < 4:
            raise ValueError(f"task.vocab_size is {self.vocab_size}; it must be at least 4, or null.")
        if self.generated_characters < 200:
            raise ValueError(f"task.generated_characters is {self.generated_characters}; at least 200 are needed.")

    @property
    def dataset_name(self) -> str:
        """Text and kind of symbol: "king_james.character"."""
        return f"{self.dataset.value}.{self._symbols.value}"

    @property
    def synthetic(self) -> bool:
        """Whether the text is generated."""
        return self.dataset is TextSource.counting

    def sources(self) -> tuple[Source, ...]:
        """The one source of the chosen text."""
        match self.dataset:
            case TextSource.king_james:
                return (_king_james.SOURCE,)
            case TextSource.penn_treebank:
                return (_text_corpora.penn_treebank_source(self.root),)
            case TextSource.text:
                return (_text_corpora.folder_source(self.root),)
        recipe = {"seed": self.data_seed, "characters": self.generated_characters, "version": 1}
        return (GeneratedSource("counting", recipe, "Words aⁿbⁿ: a formal language that asks for counting."),)

    def prepare_data(self) -> None:
        """Fetch the text, split it and fit the vocabulary, once.

        Raises:
            DataError: the text is missing, out of reach or not as expected.
        """
        super().prepare_data()
        self._vocabulary(self._corpus())

    def setup(self) -> TaskData:
        """Symbol ids of the split text.

        Raises:
            DataError: as for `prepare_data`.
        """
        corpus = self._corpus()
        vocabulary = self._vocabulary(corpus)
        train, val, test = (
            ListSplit([_example(d, vocabulary) for d in split]) for split in (corpus.train, corpus.val, corpus.test)
        )
        return TaskData(
            train,
            val,
            test,
            TokenInput(vocabulary.size, PAD),
            NextTokenTarget(vocabulary.size, PAD, BOS),
            decode=vocabulary.decode,
            prompts=self._prompts(corpus, vocabulary),
            notes=corpus.notes | _counts("training", train) | _counts("test", test),
        )

    def tiny(self) -> TextGeneration:
        """aⁿbⁿ by character, 2,000 symbols."""
        return TextGeneration(
            dataset=TextSource.counting, generated_characters=2_000, loader=Loader(batch_size=4, bptt=32)
        )

    # -- private -------------------------------------------------------------------------------------

    @property
    def _symbols(self) -> Symbols:
        return self.symbols or Symbols.character

    def _corpus(self) -> Corpus:
        match self.dataset:
            case TextSource.king_james:
                return _king_james.load()
            case TextSource.penn_treebank:
                return _text_corpora.penn_treebank(_text_corpora.penn_treebank_source(self.root))
            case TextSource.text:
                return _text_corpora.text_folder(_text_corpora.folder_source(self.root))
        return _text_corpora.counting_language(self.generated_characters, self.data_seed)

    def _vocabulary(self, corpus: Corpus) -> Vocabulary:
        texts = [document.text for document in corpus.train]
        if self._symbols is Symbols.character:
            return CharacterVocabulary(texts)
        if self._symbols is Symbols.word:
            return WordVocabulary(texts, self.vocab_size)
        size = self.vocab_size or 4_000
        # The digest of the training text itself: nothing else decides the vocabulary.
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        return SubwordVocabulary.fit(texts, size, cache_dir() / "prepared" / f"subwords-{digest}-{size}")

    def _prompts(self, corpus: Corpus, vocabulary: Vocabulary) -> tuple[tuple[int, ...], ...]:
        # A subword carries its blank in front, so a prompt that ends in one would be cut where no text is.
        openings = [p.rstrip(" ") if self._symbols is Symbols.subword else p for p in corpus.prompts]
        return tuple(tuple(int(i) for i in vocabulary.encode(opening)) for opening in openings)


def _example(document: Document, vocabulary: Vocabulary) -> Example:
    return Example(
        id=document.id,
        input=None,
        target=vocabulary.encode(document.text),
        references=(document.text,),
        units={"characters": float(len(document.text))},
    )


def _counts(split: str, dataset: ListSplit) -> dict[str, str | int | float]:
    unknown = sum(int((example.target == UNK).sum()) for example in dataset)
    return {
        f"{split} characters": int(sum(example.units["characters"] for example in dataset)),
        f"{split} symbols": int(dataset.target_lengths.sum()),
        f"{split} symbols unknown": unknown,
    }


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [TextGeneration]
