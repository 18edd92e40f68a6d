"""Parity: whether the number of ones so far is odd."""

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
class Parity(StateAfterEachSymbol):
    """Random bits; the answer is whether the number of ones so far is even or odd (Delétang et al. 2022)."""

    name: ClassVar[str] = "parity"
    description: ClassVar[str] = "Random bits and the parity of those so far."

    @property
    def symbols(self) -> tuple[str, ...]:
        """Bits."""
        return "0", "1"

    @property
    def answers(self) -> tuple[str, ...]:
        """Of the number of ones."""
        return "even", "odd"

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform bits."""
        bits = generator.integers(0, 2, (count, length))
        return Drawn(bits, bits.cumsum(1) % 2)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Parity]
