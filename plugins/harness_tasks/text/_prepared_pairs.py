"""Parallel text as translation encodes it: normalised, without empty training pairs, as symbols of one vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from harness.contract.raw import RawData
from harness.errors import DataError
from harness_tasks.text._sentences import written
from harness_tasks.text._subwords import Subwords

Notes = dict[str, str | int | float]
Row = tuple[str, str, str]
"""Id, source and target."""
EncodedRow = tuple[Row, list[int], list[int]]
"""A row, and the subwords of its source and of its target, without end symbols."""

SPLITS = ("train", "val", "test")
_AT_ONCE = 4096


@dataclass(frozen=True)
class Pairs:
    """The pairs of a data set, read one after the other in every pass: only a few are in memory.

    Pairs with an empty side are left out of training. In validation and test they stay: the number of examples is that
    of the published set, and an empty answer to an empty reference is right, as sacreBLEU has it.

    Attributes:
        data: as the data set reads it.
        lowercase: whether text is lower-cased.
    """

    data: RawData
    lowercase: bool

    def fit(self, vocab_size: int) -> tuple[Subwords, Notes]:
        """The vocabulary of both languages, fitted on the training split, and what the report should say of this data.

        Raises:
            DataError: no pair of a split has text on both sides.
        """
        counts = {split: _Counts() for split in SPLITS}
        for split in ("val", "test"):
            for row in self._all(split):
                counts[split].add(row)
        asked = {row[1:] for row in self._all("test")}
        known = set[tuple[str, str]]()

        def training_texts() -> Iterator[str]:
            for row in self._all("train"):
                counts["train"].add(row)
                if row[1] and row[2]:
                    if row[1:] in asked:
                        known.add(row[1:])
                    yield from row[1:]

        subwords = Subwords.fit(training_texts(), vocab_size)
        for split in SPLITS:
            counts[split].check(split)
        notes: dict[str, str | int | float] = {
            **{f"{split} pairs": counts[split].kept(split) for split in SPLITS},
            "test pairs also in train": sum(row[1:] in known for row in self._all("test")),
            "vocabulary": f"{len(subwords)} byte-level subwords, fitted on train",
            "case": "lower-cased" if self.lowercase else "as written",
        }
        for split in SPLITS:
            notes |= counts[split].empty(split)
        return subwords, self.data.notes | notes

    def encoded(self, split: str, subwords: Subwords) -> Iterator[EncodedRow]:
        """The pairs of a split that are kept, as subwords."""
        kept = (row for row in self._all(split) if split != "train" or (row[1] and row[2]))
        while rows := list(islice(kept, _AT_ONCE)):
            sources = subwords.encode([source for _, source, _ in rows])
            targets = subwords.encode([target for _, _, target in rows])
            yield from zip(rows, sources, targets, strict=True)

    def _all(self, split: str) -> Iterator[Row]:
        for raw in getattr(self.data, split):
            yield raw.id, written(raw.input, self.lowercase), written(raw.target, self.lowercase)


class _Counts:
    """How many pairs of a split have text on which sides."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[bool, bool]] = Counter()

    def add(self, row: Row) -> None:
        self._counts[bool(row[1]), bool(row[2])] += 1

    def check(self, split: str) -> None:
        if self._counts and not self._counts[True, True]:
            raise DataError(f"The {split} split has no pair with text on both sides.")

    def kept(self, split: str) -> int:
        return self._counts[True, True] if split == "train" else self._counts.total()

    def empty(self, split: str) -> Notes:
        """How many pairs lack which side, and what is done with them; nothing where none does."""
        done = "left out" if split == "train" else "kept"
        sides = {(False, True): "source", (True, False): "target", (False, False): "source and target"}
        found = {name: self._counts[key] for key, name in sides.items()}
        return {f"{split} pairs with empty {name}, {done}": count for name, count in found.items() if count}
