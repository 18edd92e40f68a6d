"""Cycle navigation: the position on a ring after steps to the left and to the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.symbol_strings import StateAfterEachSymbol
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option

HARNESS_CONTRACT = 2


@dataclass
class CycleNavigation(StateAfterEachSymbol):
    """Random steps on a ring, to the left, to the right or none; the answer is the position (Delétang et al. 2022).

    Fields:
        cycle: positions on the ring; the walk starts at 0.
    """

    name: ClassVar[str] = "cycle_navigation"
    description: ClassVar[str] = "Random steps on a ring and the position after each."

    cycle: int = option(5, at_least=2)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Steps by -1, 0 and 1."""
        return "left", "stay", "right"

    @property
    def answers(self) -> tuple[str, ...]:
        """Positions."""
        return tuple(map(str, range(self.cycle)))

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform steps."""
        steps = generator.integers(0, 3, (count, length))
        return Drawn(steps, (steps - 1).cumsum(1) % self.cycle)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [CycleNavigation]
