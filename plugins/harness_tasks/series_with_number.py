"""What data sets for the regression of series derive from: series with one number, drawn by a rule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Self, overload

import numpy as np

from harness.contract.dataset import Dataset
from harness.contract.options import option
from harness.contract.raw import RawData, RawExample
from harness.data.sources import GeneratedSource, Source
from harness.metrics.masked_tagging import LENGTH
from harness_tasks.symbols.lengths_of_test import check_lengths

_SPLITS = ("train", "val", "test")


class NumberedSeries(Sequence[RawExample]):
    """Series of one split, in memory: values float32 (T, F) and a number each.

    Attributes:
        values, numbers: of the series.
        marks: "within" or "beyond" for the two parts of the test, else "".
    """

    def __init__(self, prefix: str, values: list[np.ndarray], numbers: list[float], marks: list[str]) -> None:
        self._prefix, self.values, self.numbers, self.marks = prefix, values, numbers, marks

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> RawExample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RawExample]: ...
    def __getitem__(self, index: int | slice) -> RawExample | Sequence[RawExample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        values, mark = self.values[index], self.marks[index]
        counts = {LENGTH: float(len(values))} | ({mark: 1.0} if mark else {})
        return RawExample(f"{self._prefix}-{index:06d}", values, self.numbers[index], counts=counts)


@dataclass
class SeriesWithNumber(Dataset):
    """Base of generated series with a number: the input of a raw example is float32 (T, F), its target the number.

    Both are used as they are: a rule draws them at about unit scale. The test has two parts, as that of
    `harness_tasks.symbol_strings.SymbolStrings`: series of the test lengths, and others of the training lengths.

    Class variables:
        variables: F.
        description: of the data, in a sentence.

    Fields:
        min_length, max_length: of training and validation.
        test_min_length, test_max_length: of the test.
        train_examples, val_examples: how many series are generated.
        test_examples, in_range_examples: of the test's lengths, and of the training lengths.
        data_seed: of the series.
    """

    task: ClassVar[str] = "series_regression"
    raw_input: ClassVar[type] = np.ndarray
    raw_target: ClassVar[type] = float
    variables: ClassVar[int]
    description: ClassVar[str]

    min_length: int = option(200, at_least=2)
    max_length: int = option(200, at_least=2)
    test_min_length: int = option(200, at_least=2)
    test_max_length: int = option(400, at_least=2)
    train_examples: int = option(20_000, at_least=1)
    val_examples: int = option(500, at_least=1)
    test_examples: int = option(1000, at_least=1)
    in_range_examples: int = option(500, at_least=1)
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_lengths(self, 2)

    @abstractmethod
    def draw(self, length: int, generator: np.random.Generator) -> tuple[np.ndarray, float]:
        """A series float32 (T, F) and its number."""

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {one.name: getattr(self, one.name) for one in fields(self)}
        return (GeneratedSource(self.name, recipe | {"version": self.version}, self.description),)

    def read(self) -> RawData:
        """Each split from a stream of its own."""
        here, there = (self.min_length, self.max_length), (self.test_min_length, self.test_max_length)
        parts = (
            [("", self.train_examples, here)],
            [("", self.val_examples, here)],
            [("beyond", self.test_examples, there), ("within", self.in_range_examples, here)],
        )
        train, val, test = (self._split(number, wanted) for number, wanted in enumerate(parts))
        notes: dict[str, str | int | float] = {
            "training lengths": f"{self.min_length} to {self.max_length}",
            "test lengths": f"{self.test_min_length} to {self.test_max_length}",
        }
        return RawData(train, val, test, notes=notes)

    def tiny(self) -> Self:
        """Few short series."""
        return replace(
            self,
            min_length=6,
            max_length=10,
            test_min_length=11,
            test_max_length=14,
            train_examples=128,
            val_examples=24,
            test_examples=32,
            in_range_examples=24,
        )

    def _split(self, number: int, wanted: list[tuple[str, int, tuple[int, int]]]) -> NumberedSeries:
        generator = np.random.default_rng([self.data_seed, number])
        drawn = [
            (*self.draw(length, generator), mark)
            for mark, count, (low, high) in wanted
            for length in generator.integers(low, high + 1, count).tolist()
        ]
        order = generator.permutation(len(drawn)).tolist()
        values, numbers, marks = (list(column) for column in zip(*(drawn[i] for i in order), strict=True))
        return NumberedSeries(_SPLITS[number], values, numbers, marks)
