"""Where names stand in made-up sentences, as BIO tags: a title makes the names after it a person, "in" a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from harness import Example, ListSplit, Metric, Prediction, Task, TaskData, hookimpl
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline
from harness.data.sources import GeneratedSource, Source
from harness_kinds.crf import CRFTarget

HARNESS_CONTRACT = 2

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TITLES, PLACES = ("mr", "mrs", "dr"), ("in", "near", "from")
NAMES = ("ada", "bell", "carr", "dale", "eden", "ford", "gray", "hill")
WORDS = ("the", "saw", "met", "and", "old", "left", "then", "again", "a", "letter", "walked", "late")
VOCABULARY = ("<pad>", *TITLES, *PLACES, *NAMES, *WORDS)


@dataclass
class NameTagging(Task):
    """A tag for each word.

    Fields:
        words: of a sentence, at most.
        train_sentences, val_sentences, test_sentences: how many are generated.
        data_seed: of the generator.
    """

    name: ClassVar[str] = "name_tagging"
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[CRFTarget]] = CRFTarget
    metrics: ClassVar[tuple[Metric, ...]] = CRFTarget.metrics()

    words: int = 18
    train_sentences: int = 600
    val_sentences: int = 100
    test_sentences: int = 200
    data_seed: int = 0

    @property
    def dataset_name(self) -> str:
        return "made_up_names"

    @property
    def synthetic(self) -> bool:
        return True

    def sources(self) -> tuple[Source, ...]:
        sizes = (self.words, self.train_sentences, self.val_sentences, self.test_sentences)
        return (GeneratedSource(self.dataset_name, {"sizes": sizes, "seed": self.data_seed}, "Sentences with names."),)

    def setup(self) -> TaskData:
        ends = np.cumsum([self.train_sentences, self.val_sentences, self.test_sentences]).tolist()
        draw = np.random.default_rng(self.data_seed)
        found: dict[str, Example] = {}
        while len(found) < ends[-1]:
            words, tags = _sentence(draw, int(draw.integers(self.words // 2, self.words + 1)))
            symbols = np.array([VOCABULARY.index(word) for word in words])
            right = " ".join(TAGS[tag] for tag in tags)
            text = " ".join(words)
            found.setdefault(text, Example(f"s{len(found)}", symbols, np.array(tags), references=(right,), source=text))
        examples = list(found.values())
        return TaskData(
            train=ListSplit(examples[: ends[0]]),
            val=ListSplit(examples[ends[0] : ends[1]]),
            test=ListSplit(examples[ends[1] :]),
            input_spec=TokenInput(len(VOCABULARY)),
            target_spec=CRFTarget(TAGS),
        )

    def tiny(self) -> NameTagging:
        return replace(self, words=10, train_sentences=64, val_sentences=16, test_sentences=16)

    def baselines(self) -> tuple[Baseline, ...]:
        return (Baseline("usual_tag", "The tag most frequent for each word in training sentences.", _usual_tag),)


def _sentence(draw: np.random.Generator, size: int) -> tuple[list[str], list[int]]:
    """Words and their tags."""
    words: list[str] = []
    tags: list[int] = []
    while len(words) < size:
        lead = (TITLES, PLACES, WORDS)[draw.choice(3, p=(0.15, 0.15, 0.7))]
        words.append(str(draw.choice(lead)))
        tags.append(0)
        if lead is not WORDS:
            several = int(draw.integers(1, 4))
            words += map(str, draw.choice(NAMES, several))
            first = 1 if lead is TITLES else 3
            tags += [first] + [first + 1] * (several - 1)
    return words[:size], tags[:size]


def _usual_tag(data: TaskData, seed: int) -> list[Prediction]:
    counts = np.zeros((len(VOCABULARY), len(TAGS)), dtype=np.int64)
    for i in range(len(data.train)):
        np.add.at(counts, (np.asarray(data.train[i].input), np.asarray(data.train[i].target)), 1)
    return [_answer(data.test[i], counts.argmax(1)) for i in range(len(data.test))]


def _answer(example: Example, usual: np.ndarray) -> Prediction:
    tags: Sequence[int] = usual[np.asarray(example.input)].tolist()
    return Prediction(example.id, tags, " ".join(TAGS[tag] for tag in tags), count=len(tags))


@hookimpl
def harness_tasks() -> list[type[Task]]:
    return [NameTagging]
