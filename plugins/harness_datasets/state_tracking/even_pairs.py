"""Even pairs: whether 01 and 10 have occurred an even number of times so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.symbol_strings import StateAfterEachSymbol
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl

HARNESS_CONTRACT = 2


@dataclass
class EvenPairs(StateAfterEachSymbol):
    """Random bits; is the number of neighbours 01 and 10 so far even? (Delétang et al. 2022)

    It is if the last bit equals the first, so that a model needs to keep one bit only.
    """

    name: ClassVar[str] = "even_pairs"
    description: ClassVar[str] = "Random bits and whether those so far have an even number of unequal neighbours."

    @property
    def symbols(self) -> tuple[str, ...]:
        """Bits."""
        return "0", "1"

    @property
    def answers(self) -> tuple[str, ...]:
        """Of the number of unequal neighbours."""
        return "even", "odd"

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform bits."""
        bits = generator.integers(0, 2, (count, length))
        return Drawn(bits, bits ^ bits[:, :1])


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [EvenPairs]
