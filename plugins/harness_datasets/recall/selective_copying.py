"""Selective copying: symbols among noise, which must be given back without it."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass
class SelectiveCopying(RecallStrings):
    """Symbols in random places among blanks, then as many "out", at which they are asked in order.

    Gu and Dao 2023 (Mamba, arXiv 2312.00752): 16 symbols of 16 in a length of 4,096. After a length of n come `count`
    symbols "out".

    Fields:
        count: how many symbols are to be kept.
        alphabet: how many different ones there are.
    """

    name: ClassVar[str] = "selective_copying"
    description: ClassVar[str] = "Random symbols among blanks, and the same symbols without them."
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (4, 8, 9, 12)

    min_length: int = option(64, at_least=1)
    max_length: int = option(64, at_least=1)
    test_min_length: int = option(64, at_least=1)
    train_examples: int = option(20_000, at_least=1)
    count: int = option(16, at_least=1)
    alphabet: int = option(16, at_least=2)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.count > (shortest := min(self.min_length, self.test_min_length)):
            raise ValueError(f"task.count={self.count}: must be at most {shortest}, the least length.")

    @property
    def symbols(self) -> tuple[str, ...]:
        """The alphabet, the blank, and where an answer is asked."""
        return (*self.answers, "blank", "out")

    @property
    def answers(self) -> tuple[str, ...]:
        """The alphabet."""
        return numbered("", self.alphabet, first=1)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform symbols in places that are drawn without replacement."""
        kept = generator.integers(0, self.alphabet, (count, self.count))
        places = np.sort(np.argsort(generator.random((count, length)), axis=1)[:, : self.count], axis=1)
        symbols = np.full((count, length + self.count), self.alphabet)
        np.put_along_axis(symbols, places, kept, axis=1)
        symbols[:, length:] = self.alphabet + 1
        answers = np.full_like(symbols, UNASKED)
        answers[:, length:] = kept
        return Drawn(symbols, answers)

    def tiny(self) -> Self:
        """Two symbols of four."""
        return self.shortened(count=2, alphabet=4)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [SelectiveCopying]
