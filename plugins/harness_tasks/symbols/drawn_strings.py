"""Random strings with their answers, drawn for each split so that no string stands in two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

import numpy as np

from harness.contract.gathering import Ragged
from harness.contract.raw import RawExample
from harness.errors import DataError
from harness.metrics.masked_tagging import CHANCE, LENGTH
from harness.targets.masked_tagging import UNASKED

NOTHING = "-"
"""Stands in the text of a right answer for a position at which nothing is asked."""

SHARES = {"train": (0, 8), "val": (8, 9), "test": (9, 10)}
"""Tenths of all strings that belong to a split, by the hash of the string."""

_ROUNDS, _PATIENCE = 40, 2  # of drawing, until too few strings exist, and until other lengths are tried
_BASE = np.uint64(0x9E3779B97F4A7C15)


class Drawn(NamedTuple):
    """Strings of equal length: symbols int (N, T), and answers int (N, T), -1 where nothing is asked."""

    symbols: np.ndarray
    answers: np.ndarray


Draw = Callable[[int, int, np.random.Generator], Drawn]
"""(length, how many, generator) -> random strings; the length of the problem, of which T may be a multiple."""


@dataclass(frozen=True)
class Range:
    """How many strings are wanted, and of which lengths.

    Attributes:
        count: of strings.
        shortest, longest: lengths, drawn uniformly.
        exclusive: lengths up to this one are divided among the splits, since training has them too.
    """

    count: int
    shortest: int
    longest: int
    exclusive: int


@dataclass(frozen=True)
class DrawnStrings(Sequence[RawExample]):
    """The strings of one split; raw examples are made when they are asked for.

    Attributes:
        prefix: of the ids.
        names, answer_names: words of the symbols and of the answers.
        symbols, answers: numbers of these, as `Drawn` has them, one array a string.
        lengths: of the problems, int64 (N,).
        chance: the share of answers that guessing gets right.
        marks: what `Example.units` says of each string beside its length and chance: "within", "beyond" or "".
    """

    prefix: str
    names: tuple[str, ...]
    answer_names: tuple[str, ...]
    symbols: Ragged
    answers: Ragged
    lengths: np.ndarray
    chance: float
    marks: tuple[str, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, index: int) -> RawExample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RawExample]: ...
    def __getitem__(self, index: int | slice) -> RawExample | Sequence[RawExample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return RawExample(self.id(index), self.text(index), self.answer_text(index), counts=self.counts(index))

    def counts(self, index: int) -> dict[str, float]:
        """What metrics need of a string: its length, its chance, and its mark."""
        mark = self.marks[index]
        return {LENGTH: float(self.lengths[index]), CHANCE: self.chance} | ({mark: 1.0} if mark else {})

    def id(self, index: int) -> str:
        """Of a string."""
        return f"{self.prefix}-{index:06d}"

    def text(self, index: int) -> str:
        """A string's symbols, with blanks between them."""
        return " ".join(self.names[k] for k in self.symbols[index].tolist())

    def answer_text(self, index: int) -> str:
        """A string's answers, one word a position."""
        return " ".join(NOTHING if k == UNASKED else self.answer_names[k] for k in self.answers[index].tolist())


def draw_split(
    split: str,
    draw: Draw,
    ranges: Sequence[tuple[str, Range]],
    seed: int,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    chance: float,
) -> DrawnStrings:
    """The strings of a split, in random order.

    Args:
        split: "train", "val" or "test".
        draw: draws random strings of a length.
        ranges: what is wanted, each with its mark.
        seed: of the data.
        names: of symbols and of answers.
        chance: the share of answers that guessing gets right.

    Raises:
        DataError: too few different strings exist.
    """
    generator = np.random.default_rng([seed, list(SHARES).index(split)])
    symbols, answers, marks = list[np.ndarray](), list[np.ndarray](), list[str]()
    lengths: list[int] = []
    for mark, wanted in ranges:
        found = _strings(split, draw, wanted, generator)
        symbols += found[0]
        answers += found[1]
        lengths += found[2].tolist()
        marks += [mark] * wanted.count
    order = generator.permutation(len(lengths)).tolist()
    return DrawnStrings(
        split,
        *names,
        Ragged.of([symbols[i] for i in order]),
        Ragged.of([answers[i] for i in order]),
        np.array([lengths[i] for i in order], dtype=np.int64),
        chance,
        tuple(marks[i] for i in order),
    )


def _strings(
    split: str, draw: Draw, wanted: Range, generator: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Symbols, answers and lengths of `wanted.count` strings."""
    lengths = generator.integers(wanted.shortest, wanted.longest + 1, wanted.count)
    symbols, answers = ([np.zeros(0, dtype=np.int32)] * wanted.count for _ in range(2))
    missing = np.arange(wanted.count)
    for number in range(_ROUNDS):
        if number > _PATIENCE:  # a split may have no string of some short length
            lengths[missing] = generator.integers(wanted.shortest, wanted.longest + 1, len(missing))
        left = []
        for length in np.unique(lengths[missing]).tolist():
            places = missing[lengths[missing] == length]
            found, kept = _kept(split, draw, length, len(places), length <= wanted.exclusive, generator)
            for place, row in zip(places.tolist(), kept.tolist(), strict=False):
                # Small types: a split may have millions of positions.
                symbols[place], answers[place] = (part[row].astype(np.int32) for part in found)
            left.append(places[len(kept) :])
        missing = np.concatenate(left)
        if not len(missing):
            return symbols, answers, lengths
    raise DataError(
        f"Only {wanted.count - len(missing)} of {wanted.count} strings of lengths {wanted.shortest} to "
        f"{wanted.longest} were found for the {split} split: too few different ones exist. Ask for longer ones "
        "(task.min_length, task.max_length)."
    )


def _kept(
    split: str, draw: Draw, length: int, count: int, exclusive: bool, generator: np.random.Generator
) -> tuple[Drawn, np.ndarray]:
    """Random strings of a length, and the places of those that belong to the split, `count` at most."""
    if not exclusive:
        return draw(length, count, generator), np.arange(count)
    low, high = SHARES[split]
    found = draw(length, 16 + count * 12 // (high - low), generator)
    tenth = tenths(found.symbols)
    return found, np.flatnonzero((low <= tenth) & (tenth < high))[:count]


def tenths(symbols: np.ndarray) -> np.ndarray:
    """A number from 0 to 9 for each string (N, T), which follows from its symbols alone."""
    with np.errstate(over="ignore"):
        powers = np.multiply.accumulate(np.full(symbols.shape[1], _BASE, dtype=np.uint64))
        mixed = ((symbols.astype(np.uint64) + np.uint64(1)) * powers).sum(1, dtype=np.uint64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the finaliser of splitmix64
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(10)).astype(np.int64)
