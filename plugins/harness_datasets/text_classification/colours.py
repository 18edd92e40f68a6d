"""A toy for tests: sentences that name two colours and deny one of them; the class is the other (synthetic)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.text_classification._labelled_texts import Row, raw_splits

HARNESS_CONTRACT = 2

COLOURS = ("red", "green", "blue", "yellow", "white", "black", "brown", "orange", "grey", "pink")
_OPENINGS = ("the door is", "her coat was", "this car is", "their house was", "the flag is", "my pen was", "the cup is")
_PATTERNS = ("not {one} {other}{joint} {two} {colour}", "{two} {colour}{joint} not {one} {other}")
_DEGREES, _JOINTS = ("really", "quite", "very", "rather"), (" but", ",")
_ENDINGS = ("today", "again", "in the picture", "they say", "I think", "this year", "as you see")
_PREPARATION = 1


@dataclass
class Colours(LabelledText):
    """A bag of words, or of pairs of them, sees two colours and cannot tell which is denied.

    Fields:
        colours: how many classes, 2 to 10.
        train_texts, val_texts, test_texts: how many texts are generated.
        data_seed: of the texts.
    """

    name: ClassVar[str] = "colours"
    defaults: ClassVar = {"min_count": 1}

    colours: int = 10
    train_texts: int = 2_000
    val_texts: int = 400
    test_texts: int = 400
    data_seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.colours <= len(COLOURS):
            raise ValueError(f"task.colours is {self.colours}; it must be 2 to {len(COLOURS)}.")
        for name in ("train_texts", "val_texts", "test_texts"):
            if getattr(self, name) < 1:
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must be at least 1.")
        wanted, there = self.train_texts + self.val_texts + self.test_texts, _different(self.colours)
        if wanted > there // 2:
            raise ValueError(
                f"{wanted:,} texts are asked for; with task.colours={self.colours} at most {there // 2:,}."
            )

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"preparation": _PREPARATION, "colours": self.colours, "seed": self.data_seed}
        return (GeneratedSource("colours", recipe, "Toy sentences of which the class is the colour not denied"),)

    def read(self) -> RawData:
        """Distinct sentences."""
        draw = random.Random(self.data_seed)
        names = COLOURS[: self.colours]
        found: dict[str, str] = {}
        while len(found) < self.train_texts + self.val_texts + self.test_texts:
            colour, other = draw.sample(names, 2)
            one, two = draw.choices(_DEGREES, k=2)
            pattern, joint = draw.choice(_PATTERNS), draw.choice(_JOINTS)
            middle = pattern.format(colour=colour, other=other, one=one, two=two, joint=joint)
            found[f"{draw.choice(_OPENINGS)} {middle} {draw.choice(_ENDINGS)}"] = colour
        rows = [Row(number, text, label) for number, (text, label) in enumerate(found.items(), start=1)]
        first, second = self.train_texts, self.train_texts + self.val_texts
        splits = {"train": rows[:first], "val": rows[first:second], "test": rows[second:]}
        return raw_splits(splits, names)

    @classmethod
    def of_few(cls) -> Colours:
        """Two colours; 64 texts for training and 16 for each other split."""
        return cls(colours=2, train_texts=64, val_texts=16, test_texts=16)

    def tiny(self) -> Colours:
        """Few texts of two colours."""
        return self.of_few()


def _different(colours: int) -> int:
    """How many different sentences there are."""
    middles = len(_PATTERNS) * len(_JOINTS) * len(_DEGREES) ** 2
    return colours * (colours - 1) * len(_OPENINGS) * middles * len(_ENDINGS)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Colours]
