"""What data sets of the diagnostic tasks derive from: rules that draw strings of symbols with their answers."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from harness.contract.dataset import Dataset
from harness.contract.options import option
from harness.contract.raw import RawData
from harness.data.sources import GeneratedSource, Source
from harness.targets.masked_tagging import UNASKED
from harness_tasks.symbols.drawn_strings import Drawn, Range, draw_split
from harness_tasks.symbols.lengths_of_test import check_lengths


@dataclass
class SymbolStrings(Dataset):
    """Base of generated strings of symbols about which something is asked: a subclass names its words and draws.

    The input of a raw example is a text, its symbols with blanks between them; its target has a word for each symbol,
    "-" where nothing is asked. Symbols are letters and figures, since other signs do not tell texts apart.

    Training and validation have lengths from `min_length` to `max_length`. The test has two parts: unseen strings of
    these lengths, and strings from `test_min_length` to `test_max_length`. A hash divides the strings of training
    lengths among the splits, so that none is in two. Neither depends on the seed of a run: all runs see the same data.

    Class variables:
        description: of the data, in a sentence.
        tiny_lengths: the four lengths of the tiny form.

    Fields:
        min_length, max_length: of training and validation.
        test_min_length, test_max_length: of the test.
        train_examples, val_examples: how many strings are generated.
        test_examples, in_range_examples: of the test's lengths, and of unseen ones of training lengths.
        data_seed: of the strings.
    """

    raw_input: ClassVar[type] = str
    raw_target: ClassVar[type] = str
    version: ClassVar[str] = "1"
    description: ClassVar[str]
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (3, 10, 11, 16)

    min_length: int = option(3, at_least=1)
    max_length: int = option(40, at_least=1)
    test_min_length: int = option(40, at_least=1)
    test_max_length: int = option(256, at_least=1)
    train_examples: int = option(50_000, at_least=1)
    val_examples: int = option(500, at_least=1)
    test_examples: int = option(1000, at_least=1)
    in_range_examples: int = option(500, at_least=1)
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_lengths(self, 1)

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...]:
        """Words of the symbols, in the order of their numbers."""

    @property
    @abstractmethod
    def answers(self) -> tuple[str, ...]:
        """Words of the answers, in the order of their numbers."""

    @property
    def chance(self) -> float:
        """The share of answers that guessing gets right."""
        return 1.0 / len(self.answers)

    @abstractmethod
    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """`count` random strings of a length, each asked at one position or more."""

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {one.name: getattr(self, one.name) for one in fields(self)}
        return (GeneratedSource(self.name, recipe | {"version": self.version}, self.description),)

    def read(self) -> RawData:
        """Each split from a stream of its own."""
        here = self.min_length, self.max_length, self.max_length
        there = self.test_min_length, self.test_max_length, self.max_length
        names = self.symbols, self.answers
        ranges = {
            "train": [("", Range(self.train_examples, *here))],
            "val": [("", Range(self.val_examples, *here))],
            "test": [("beyond", Range(self.test_examples, *there)), ("within", Range(self.in_range_examples, *here))],
        }
        train, val, test = (
            draw_split(split, self.drawn, wanted, self.data_seed, names, self.chance)
            for split, wanted in ranges.items()
        )
        notes: dict[str, str | int | float] = {
            "training lengths": f"{self.min_length} to {self.max_length}",
            "test lengths": f"{self.test_min_length} to {self.test_max_length}",
            "right by chance": f"{100 * self.chance:.3g} %",
        }
        return RawData(train, val, test, labels=self.answers, notes=notes)

    def drawn(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """As `draw`, with what options of a base class change."""
        return self.draw(length, count, generator)

    def tiny(self) -> Self:
        """The same rule in short strings, and few of them."""
        return self.shortened()

    def shortened(self, **options: Any) -> Self:
        """Short strings and few of them, with some options changed; for `tiny`."""
        low, high, test_low, test_high = self.tiny_lengths
        return replace(
            self,
            min_length=low,
            max_length=high,
            test_min_length=test_low,
            test_max_length=test_high,
            train_examples=160,
            val_examples=24,
            test_examples=32,
            in_range_examples=24,
            **options,
        )


@dataclass
class StateTrackingStrings(SymbolStrings):
    """Base of data sets for state tracking: the answers follow from a state that each symbol changes."""

    task: ClassVar[str] = "state_tracking"


@dataclass
class StateAfterEachSymbol(StateTrackingStrings):
    """Base of data sets for state tracking that can be asked after each symbol.

    Fields:
        ask: "every": after each symbol at which there is an answer; "last": at the end of the string alone.
    """

    ask: str = option("every", choices=("every", "last"))

    def drawn(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """With the last answer alone where that is asked."""
        symbols, answers = self.draw(length, count, generator)
        if self.ask == "last":
            steps = np.arange(answers.shape[1])
            last = np.where(answers == UNASKED, -1, steps).max(1)
            answers = np.where(steps == last[:, None], answers, UNASKED)
        return Drawn(symbols, answers)


@dataclass
class RecallStrings(SymbolStrings):
    """Base of data sets for recall: the answers are symbols that the string showed before, or a map learnt by heart."""

    task: ClassVar[str] = "recall"
