"""Bucket sort: the symbols of a string in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.symbol_strings import StateTrackingStrings
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.targets.masked_tagging import UNASKED

HARNESS_CONTRACT = 2


@dataclass
class BucketSort(StateTrackingStrings):
    """A string over a small alphabet, which is then asked in sorted order: a symbol for each of as many "out".

    Counting suffices: how often each symbol occurred (Delétang et al. 2022). A problem of length n has 2 n symbols.

    Fields:
        alphabet: how many symbols there are.
    """

    name: ClassVar[str] = "bucket_sort"
    description: ClassVar[str] = "Random symbols, and the same in order."

    alphabet: int = option(5, at_least=2)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The alphabet, and where an answer is asked."""
        return (*self.answers, "out")

    @property
    def answers(self) -> tuple[str, ...]:
        """The alphabet."""
        return tuple(map(str, range(self.alphabet)))

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform symbols."""
        given = generator.integers(0, self.alphabet, (count, length))
        symbols = np.hstack([given, np.full_like(given, self.alphabet)])
        answers = np.hstack([np.full_like(given, UNASKED), np.sort(given, axis=1)])
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [BucketSort]
