"""Which class a text belongs to: the sentiment of film sentences out of the box, intents, topics, your own tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit
from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.errors import DataError
from harness.metrics.classification import ACCURACY, CALIBRATION_ERROR, MACRO_F1
from harness.targets import ClassTarget
from harness_tasks.labelled_text import LabelledText
from harness_tasks.text._class_baselines import BAG_OF_WORDS, MOST_FREQUENT
from harness_tasks.text._classified_texts import ClassifiedTexts, fit_vocabulary, written
from harness_tasks.text._text_symbols import PAD, UNK, Symbols
from harness_tasks.text._word_dropout import word_dropout

HARNESS_CONTRACT = 2

Notes = dict[str, str | int | float]
_SPLITS = {"train": "training", "val": "validation", "test": "test"}
_SIZES = {Symbols.word: 20_000, Symbols.subword: 4_000, Symbols.character: 0}


def _film_sentences() -> Dataset:
    from harness_datasets.text_classification.film_sentences import FilmSentences

    return FilmSentences()


@dataclass
class TextClassification(DatasetTask):
    """Name the class of a text, read symbol by symbol.

    The vocabulary is fitted on training texts. A training text without a symbol is left out; in validation and test it
    stays, as one unknown symbol. Words are runs of letters and digits, with what follows an apostrophe; other
    characters are symbols of their own.

    Fields:
        dataset: the texts; see `LabelledText`.
        symbols: word, subword (byte-level BPE) or character; None: as the data set says, else word.
        lowercase: None: as the data set says, else lower case.
        vocab_size: the most words or subwords; None: 20,000 words, 4,000 subwords.
        min_count: a word that occurs less often in training is unknown; None: as the data set says, else 2.
        max_length: the most symbols of a text; what is beyond is cut off, in every split.
        word_dropout: probability with which a training symbol is made the unknown one; None: as the data set says,
            else 0.
    """

    name: ClassVar[str] = "text_classification"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = LabelledText
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[ClassTarget]] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY, MACRO_F1, CALIBRATION_ERROR)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_film_sentences)
    symbols: Symbols | None = None
    lowercase: bool | None = None
    vocab_size: int | None = None
    min_count: int | None = None
    max_length: int = 256
    word_dropout: float | None = None

    def __post_init__(self) -> None:
        if self.symbols is not None:
            self.symbols = Symbols(self.symbols)
        if self.vocab_size is not None and self.vocab_size < 4:
            raise ValueError(f"task.vocab_size is {self.vocab_size}; it must be at least 4, or null.")
        if self.min_count is not None and self.min_count < 1:
            raise ValueError(f"task.min_count is {self.min_count}; it must be at least 1, or null.")
        if self.max_length < 1:
            raise ValueError(f"task.max_length is {self.max_length}; it must be at least 1.")
        if self.word_dropout is not None and not 0 <= self.word_dropout < 1:
            raise ValueError(f"task.word_dropout is {self.word_dropout}; it must be at least 0 and below 1.")

    def setup(self) -> TaskData:
        """Texts as symbol ids (T,), and the numbers of their classes.

        Raises:
            DataError: the data is missing or cannot be used, all training texts are of one class, or a held-out text
                is of a class that training does not have.
        """
        raw = self.dataset.read()
        notes = dict(raw.notes)
        classes = _classes(raw)
        symbols, lowercase = self._symbols, bool(self.on_this_data("lowercase", True))
        texts = [form for one in raw.train if (form := written(one.input, symbols, lowercase))]
        if not texts:
            raise DataError(f"No training text of data set '{self.dataset_name}' holds a single symbol.")
        vocabulary = fit_vocabulary(
            texts, symbols, self.vocab_size or _SIZES[symbols], int(self.on_this_data("min_count", 2))
        )
        encoder = ClassifiedTexts(vocabulary, symbols, lowercase, self.max_length, classes)
        kept = [one for one in raw.train if written(one.input, symbols, lowercase)]
        if len(kept) < len(raw.train):
            notes["training texts left out, which are empty"] = len(raw.train) - len(kept)
        parts: dict[str, Sequence[RawExample]] = {"train": kept, "val": raw.val, "test": raw.test}
        splits = {name: ListSplit([encoder.example(one) for one in part]) for name, part in parts.items()}
        notes |= self._notes(splits, vocabulary.size)
        return TaskData(
            splits["train"],
            splits["val"],
            splits["test"],
            TokenInput(vocabulary.size, PAD),
            ClassTarget(len(classes), classes),
            preprocessing=encoder,
            augment=word_dropout(float(self.on_this_data("word_dropout", 0.0))),
            notes=notes,
        )

    def load_preprocessing(self, folder: Path) -> ClassifiedTexts:
        """Vocabulary, case and names of classes."""
        return ClassifiedTexts.load(folder)

    def tiny(self) -> TextClassification:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), vocab_size=400, max_length=20, loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """The most frequent class, a linear model of words and pairs of words, and the data set's own."""
        return (MOST_FREQUENT, BAG_OF_WORDS, *super().baselines())

    # -- private -------------------------------------------------------------------------------------

    @property
    def _symbols(self) -> Symbols:
        return Symbols(self.on_this_data("symbols", Symbols.word))

    def _notes(self, splits: dict[str, ListSplit], size: int) -> Notes:
        """Sizes, what is unknown and what was cut."""
        notes: Notes = {"vocabulary": f"{size} {self._symbols.value}s, special ones included, fitted on training"}
        for name, split in splits.items():
            notes[f"{_SPLITS[name]} texts"] = len(split)
            # A text as long as the limit has most likely lost something; the others have not.
            if cut := int((split.input_lengths >= self.max_length).sum()):
                notes[f"{_SPLITS[name]} texts that reach {self.max_length} symbols, where they are cut"] = cut
        test = splits["test"]
        if symbols := int(test.input_lengths.sum()):
            unknown = sum(_unknown(example) for example in test)
            notes["test symbols unknown, %"] = round(100 * unknown / symbols, 2)
        return notes


def _unknown(example: Example) -> int:
    return int((np.asarray(example.input) == UNK).sum())


def _classes(raw: RawData) -> tuple[str, ...]:
    """Names of the classes.

    Raises:
        DataError: there is only one, or a held-out class is not in training.
    """
    trained = {one.target for one in raw.train}
    classes = raw.labels or tuple(sorted(trained))
    if len(trained) < 2:
        only = f"has the label {next(iter(trained))!r}" if trained else "is missing"
        raise DataError(f"Every training text {only}; a classifier needs two different labels at least.")
    for name, part in (("validation", raw.val), ("test", raw.test)):
        lost = sorted({one.target for one in part} - trained)
        if lost:
            listed = ", ".join(map(repr, lost[:5])) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
            raise DataError(
                f"The {name} texts have labels that no training text has: {listed}. Leave such texts out, or add some "
                "to training."
            )
    return classes


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [TextClassification]
