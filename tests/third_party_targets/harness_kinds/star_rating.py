"""How many stars does a made-up review give? Words weigh for and against, and "not" turns the next one round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from harness import Example, ListSplit, Metric, Task, TaskData, hookimpl
from harness.contract.specs import TokenInput
from harness.data.sources import GeneratedSource, Source
from harness_kinds.ordinal import OrdinalTarget

HARNESS_CONTRACT = 2

WEIGHTS = {"superb": 2, "good": 1, "fine": 1, "plain": 0, "long": 0, "quiet": 0, "dull": -1, "weak": -1, "awful": -2}
VOCABULARY = ("<pad>", "not", *WEIGHTS)
LIMITS = (-3, -1, 1, 3)


@dataclass
class StarRating(Task):
    """One to five stars.

    Fields:
        words: of a review, at most.
        train_reviews, val_reviews, test_reviews: how many are generated.
        data_seed: of the generator.
    """

    name: ClassVar[str] = "star_rating"
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[OrdinalTarget]] = OrdinalTarget
    metrics: ClassVar[tuple[Metric, ...]] = OrdinalTarget.metrics()

    words: int = 12
    train_reviews: int = 600
    val_reviews: int = 100
    test_reviews: int = 200
    data_seed: int = 0

    @property
    def dataset_name(self) -> str:
        return "made_up_reviews"

    @property
    def synthetic(self) -> bool:
        return True

    def sources(self) -> tuple[Source, ...]:
        sizes = (self.words, self.train_reviews, self.val_reviews, self.test_reviews)
        return (GeneratedSource(self.dataset_name, {"sizes": sizes, "seed": self.data_seed}, "Reviews with stars."),)

    def setup(self) -> TaskData:
        ends = np.cumsum([self.train_reviews, self.val_reviews, self.test_reviews]).tolist()
        draw = np.random.default_rng(self.data_seed)
        found: dict[str, Example] = {}
        while len(found) < ends[-1]:
            symbols = draw.integers(1, len(VOCABULARY), int(draw.integers(self.words // 2, self.words + 1)))
            words = [VOCABULARY[symbol] for symbol in symbols]
            turned = [False, *(word == "not" for word in words[:-1])]
            mood = sum(WEIGHTS.get(w, 0) * (-1 if t else 1) for w, t in zip(words, turned, strict=True))
            stars = int(np.digitize(mood, LIMITS))
            text = " ".join(words)
            found.setdefault(text, Example(f"r{len(found)}", symbols, stars, references=(str(stars + 1),), source=text))
        examples = list(found.values())
        return TaskData(
            train=ListSplit(examples[: ends[0]]),
            val=ListSplit(examples[ends[0] : ends[1]]),
            test=ListSplit(examples[ends[1] :]),
            input_spec=TokenInput(len(VOCABULARY)),
            target_spec=OrdinalTarget(len(LIMITS) + 1),
        )

    def tiny(self) -> StarRating:
        return replace(self, words=8, train_reviews=64, val_reviews=16, test_reviews=16)


@hookimpl
def harness_tasks() -> list[type[Task]]:
    return [StarRating]
