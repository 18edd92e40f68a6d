"""Modular arithmetic without brackets: the value of an expression so far, multiplication before addition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.symbol_strings import StateAfterEachSymbol
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.targets.masked_tagging import UNASKED

HARNESS_CONTRACT = 2

OPERATORS = ("plus", "minus", "times")


@dataclass
class ModularArithmetic(StateAfterEachSymbol):
    """Numbers with plus, minus and times between them; the answer at each number is the value of what was read.

    Multiplication comes first. An expression has an odd number of symbols: even lengths become one shorter (Delétang
    et al. 2022).

    Fields:
        modulus: of the arithmetic, and how many numbers there are.
    """

    name: ClassVar[str] = "modular_arithmetic"
    description: ClassVar[str] = "Random sums of products of small numbers and their value modulo a number."

    modulus: int = option(5, at_least=2)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Numbers and operators."""
        return (*self.answers, *OPERATORS)

    @property
    def answers(self) -> tuple[str, ...]:
        """Numbers."""
        return tuple(map(str, range(self.modulus)))

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform numbers and operators."""
        terms = (length + 1) // 2
        numbers = generator.integers(0, self.modulus, (count, terms))
        operators = generator.integers(0, len(OPERATORS), (count, terms - 1))
        symbols = np.empty((count, 2 * terms - 1), dtype=np.int64)
        symbols[:, ::2], symbols[:, 1::2] = numbers, self.modulus + operators
        answers = np.full_like(symbols, UNASKED)
        done, term = np.zeros(count, dtype=np.int64), numbers[:, 0]  # the finished products, and the one at work
        answers[:, 0] = term
        for k in range(1, terms):
            operator, number = operators[:, k - 1], numbers[:, k]
            times = operator == 2
            done = np.where(times, done, done + term) % self.modulus
            term = np.where(times, term * number, np.where(operator == 1, -number, number)) % self.modulus
            answers[:, 2 * k] = (done + term) % self.modulus
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ModularArithmetic]
