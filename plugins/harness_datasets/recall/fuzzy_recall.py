"""Fuzzy recall: keys and values of several symbols, without anything that says where they begin."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import ClassVar, Self

import numpy as np
from harness_tasks.symbol_strings import RecallStrings
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.targets.masked_tagging import UNASKED
from harness_datasets.recall._words import numbered

HARNESS_CONTRACT = 2

Motif = tuple[int, ...]


@dataclass
class FuzzyRecall(RecallStrings):
    """Keys of one to three symbols with values of one to three; where a key occurs again, its value is asked.

    MAD's fuzzy in-context recall (Poli et al. 2024, arXiv 2403.17844), in its form with many queries: a value is asked
    one symbol ahead, from the last symbol of the key on. Strings end with a key that occurred before, and the beginning
    of its value. No symbol occurs twice in a key or in a value. Here all splits have keys of all sizes, in the paper
    the test has the longest alone. What does not fill the length stands at the beginning, as "pad".

    Fields:
        keys, values: how many symbols keys and values are made of.
        key_size, value_size: symbols of the longest key and value.
    """

    name: ClassVar[str] = "fuzzy_recall"
    description: ClassVar[str] = "Random keys and values of several symbols, and the values of keys that occur again."
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (8, 12, 13, 18)

    min_length: int = option(32, at_least=2)
    max_length: int = option(128, at_least=2)
    test_min_length: int = option(128, at_least=2)
    train_examples: int = option(10_000, at_least=1)
    keys: int = option(7, at_least=1)
    values: int = option(7, at_least=2)
    key_size: int = option(3, at_least=1)
    value_size: int = option(3, at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        needed, shortest = 2 * (self.key_size + self.value_size) - 1, min(self.min_length, self.test_min_length)
        if needed > shortest:
            raise ValueError(
                f"task.key_size={self.key_size} and task.value_size={self.value_size} need {needed} symbols; the "
                f"shortest strings have {shortest}."
            )
        for size, of in (("key_size", "keys"), ("value_size", "values")):
            if getattr(self, size) > getattr(self, of):
                raise ValueError(
                    f"task.{size}={getattr(self, size)}: must be at most task.{of}={getattr(self, of)}, since no "
                    "symbol occurs twice."
                )

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols of keys, of values, and the filling."""
        return (*numbered("k", self.keys), *self.answers, "pad")

    @property
    def answers(self) -> tuple[str, ...]:
        """Symbols of values."""
        return numbered("v", self.values)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Pairs as long as they and the last one fit."""
        draw = random.Random(int(generator.integers(2**62)))
        symbols = np.full((count, length), self.keys + self.values)
        answers = np.full((count, length), UNASKED)
        for row in range(count):
            written, asked = self._written(length, draw)
            symbols[row, length - len(written) :] = written
            answers[row, length - len(written) :] = asked
        return Drawn(symbols, answers)

    def _written(self, length: int, draw: random.Random) -> tuple[list[int], list[int]]:
        """Symbols and answers of one string, `length` at most; the last value lacks its last symbol."""
        keys, values = _of_sizes(self.keys, self.key_size), _of_sizes(self.values, self.value_size)
        known: dict[Motif, Motif] = {}
        written, asked = list[int](), list[int]()
        last = self.key_size + self.value_size
        while not written or len(written) + 2 * last - 1 <= length:
            key = _one(keys, draw)
            value = known.get(key) or _one(values, draw)
            self._write(key, value, key in known, written, asked)
            known[key] = value
        key = draw.choice(list(known))
        self._write(key, known[key], True, written, asked)
        return written[:-1], asked[:-1]

    def _write(self, key: Motif, value: Motif, again: bool, written: list[int], asked: list[int]) -> None:
        written += [*key, *(self.keys + v for v in value)]
        ahead = [*value, UNASKED] if again else [UNASKED] * (len(value) + 1)
        asked += [UNASKED] * (len(key) - 1) + ahead

    def tiny(self) -> Self:
        """Two symbols of keys and of values, two at most in each."""
        return self.shortened(keys=2, values=2, key_size=2, value_size=2)


@cache
def _of_sizes(symbols: int, largest: int) -> list[list[Motif]]:
    """All arrangements of 1, 2 ... different symbols."""
    return [list(permutations(range(symbols), size)) for size in range(1, largest + 1)]


def _one(of_sizes: list[list[Motif]], draw: random.Random) -> Motif:
    """A size, and then an arrangement of it."""
    some = of_sizes[int(draw.random() * len(of_sizes))]
    return some[int(draw.random() * len(some))]


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [FuzzyRecall]
