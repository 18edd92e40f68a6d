"""Copy memory: symbols that must be given back after a long pause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
class CopyMemory(RecallStrings):
    """Ten of eight symbols, T - 1 blanks, "go", and ten blanks at which the symbols are asked in order.

    T is the length; a string has T + 20 symbols (Hochreiter and Schmidhuber 1997; Arjovsky et al. 2016, arXiv
    1511.06464; Bai et al. 2018, arXiv 1803.01271). The papers' loss counts the blanks before too, which say nothing.

    Fields:
        count: how many symbols are to be kept.
        alphabet: how many different ones there are.
    """

    name: ClassVar[str] = "copy_memory"
    description: ClassVar[str] = "Random symbols, a pause, and the same symbols."

    min_length: int = option(200, at_least=1)
    max_length: int = option(200, at_least=1)
    test_min_length: int = option(200, at_least=1)
    test_max_length: int = option(200, at_least=1)
    train_examples: int = option(20_000, at_least=1)
    count: int = option(10, at_least=1)
    alphabet: int = option(8, at_least=2)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The alphabet, the blank, and the sign that asks."""
        return (*self.answers, "blank", "go")

    @property
    def answers(self) -> tuple[str, ...]:
        """The alphabet."""
        return numbered("", self.alphabet, first=1)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform symbols."""
        kept = generator.integers(0, self.alphabet, (count, self.count))
        symbols = np.full((count, length + 2 * self.count), self.alphabet)
        symbols[:, : self.count] = kept
        symbols[:, self.count + length - 1] = self.alphabet + 1
        answers = np.full_like(symbols, UNASKED)
        answers[:, -self.count :] = kept
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [CopyMemory]
