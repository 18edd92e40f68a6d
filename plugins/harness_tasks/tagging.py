"""A tag for each word: slots of commands out of the box, parts of speech and named entities from your own files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit
from harness.contract.dataset import Dataset, RawExample
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.options import option
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.errors import DataError
from harness.metrics.tagging import SPAN_F1, TAG_MACRO_F1, TOKEN_ACCURACY
from harness.targets import TaggingTarget
from harness_tasks.tagged_text import TaggedText
from harness_tasks.text._most_frequent_tag import MOST_FREQUENT_TAG
from harness_tasks.text._tagged_words import PAD, TaggedWords

if TYPE_CHECKING:
    import torch

HARNESS_CONTRACT = 2


def _home_assistant_slots() -> Dataset:
    from harness_datasets.tagging.home_assistant_slots import HomeAssistantSlots

    return HomeAssistantSlots()


@dataclass
class Tagging(DatasetTask):
    """Name the tag of each word of a sentence: its part of speech, or whether it begins or continues an entity.

    Where tags mark spans in BIO, the primary metric is the F1 of spans, and token accuracy elsewhere. Words that
    training has hardly seen are read by their shape and their last three letters; so that a model learns what to make
    of such words, some others are read like that in training (Kiperwasser and Goldberg 2016).

    Fields:
        dataset: the sentences; see `TaggedText`.
        lowercase: whether words are lower-cased; None: as the data set says, else not.
        min_count: words seen less often in training are read as unknown ones.
        word_dropout: probability with which another training word is read as unknown, drawn anew each time.
    """

    name: ClassVar[str] = "tagging"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = TaggedText
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[TaggingTarget]] = TaggingTarget
    metrics: ClassVar[tuple[Metric, ...]] = (SPAN_F1, TOKEN_ACCURACY, TAG_MACRO_F1)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_home_assistant_slots)
    lowercase: bool | None = None
    min_count: int = option(2, at_least=1)
    word_dropout: float = option(0.1, at_least=0.0, below=1.0)

    def __post_init__(self) -> None:
        if not 0 <= self.word_dropout < 1:
            raise ValueError(f"word_dropout is {self.word_dropout}; it must be at least 0 and below 1")
        if self.min_count < 1:
            raise ValueError(f"min_count is {self.min_count}; it must be at least 1")
        assert isinstance(self.dataset, TaggedText)
        if not self.dataset.marks_spans:
            vars(self)["metrics"] = (TOKEN_ACCURACY, TAG_MACRO_F1)

    def setup(self) -> TaskData:
        """Sentences whose input is a symbol and whose target is a class for each word, (T,) each.

        Raises:
            DataError: the data is missing or cannot be used.
        """
        raw = self.dataset.read()
        tags, unseen = _inventory(raw.labels, raw.train, [*raw.val, *raw.test])
        words = TaggedWords.fit(
            (one.input for one in raw.train),
            tags,
            lowercase=bool(self.on_this_data("lowercase", False)),
            min_count=self.min_count,
        )
        total = sum(len(one.input.split()) for one in raw.test)
        known = sum(words.known(one.input) for one in raw.test)
        notes = raw.notes | {"test words read by shape and ending": f"{100 * (total - known) / max(total, 1):.1f} %"}
        if unseen:
            notes["tags unseen in training"] = " ".join(unseen)
        train, val, test = (ListSplit([words.example(one) for one in part]) for part in (raw.train, raw.val, raw.test))
        return TaskData(
            train,
            val,
            test,
            TokenInput(words.size, PAD),
            TaggingTarget(len(tags), tags),
            preprocessing=words,
            augment=_forgetting(words.as_unknown(), self.word_dropout) if self.word_dropout else None,
            notes=notes,
        )

    def load_preprocessing(self, folder: Path) -> TaggedWords:
        """Vocabulary and tags."""
        return TaggedWords.load(folder)

    def tiny(self) -> Tagging:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """The most frequent tag of each word, and the data set's own."""
        return (MOST_FREQUENT_TAG, *super().baselines())


def _forgetting(unknown: np.ndarray, share: float) -> Callable[[Example, torch.Generator], Example]:
    """Reads words as unknown at random: `unknown` has the symbol for each symbol, int64 (V,)."""

    def augment(example: Example, generator: torch.Generator) -> Example:
        import torch

        given = np.asarray(example.input)
        drawn = torch.rand(len(given), generator=generator).numpy() < share
        return replace(example, input=np.where(drawn, unknown[given], given))

    return augment


def _inventory(
    labels: Sequence[str], train: Sequence[RawExample], held_out: Sequence[RawExample]
) -> tuple[tuple[str, ...], list[str]]:
    """All tags in order, and those that training lacks.

    Raises:
        DataError: training has no sentence.
    """
    if not train:
        raise DataError("No sentence is left for training.")
    seen = {tag for one in train for tag in one.target.split()}
    unseen = sorted({tag for one in held_out for tag in one.target.split()} - seen)
    return (tuple(labels) or (*sorted(seen), *unseen)), unseen


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Tagging]
