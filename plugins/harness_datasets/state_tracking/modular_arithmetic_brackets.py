"""Modular arithmetic with brackets: the value of each bracket when it closes."""

from __future__ import annotations

import random
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

PLUS, MINUS, TIMES, OPEN, CLOSE = range(5)


@dataclass
class ModularArithmeticBrackets(StateAfterEachSymbol):
    """Nested expressions; the answer at each closing bracket, and at the end, is the value of what it closes.

    An expression of length 1 to 4 is d, -d, (d) or (-d); a longer one is (left operator right) with a random division
    of its length (the generator of Delétang et al. 2022). With `ask=last`, the value of the whole is asked alone.

    Fields:
        modulus: of the arithmetic, and how many numbers there are.
        multiplication: whether there is multiplication beside addition and subtraction.
    """

    name: ClassVar[str] = "modular_arithmetic_brackets"
    description: ClassVar[str] = "Random nested expressions of small numbers and their value modulo a number."

    modulus: int = option(5, at_least=2)
    multiplication: bool = True

    @property
    def symbols(self) -> tuple[str, ...]:
        """Numbers, operators and brackets."""
        return (*self.answers, "plus", "minus", "times", "open", "close")

    @property
    def answers(self) -> tuple[str, ...]:
        """Numbers."""
        return tuple(map(str, range(self.modulus)))

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Expressions of the grammar."""
        draw = random.Random(int(generator.integers(2**62)))
        symbols = np.empty((count, length), dtype=np.int64)
        answers = np.full((count, length), UNASKED, dtype=np.int64)
        for row in range(count):
            written: list[int] = []
            asked: dict[int, int] = {}
            value = self._write(length, draw, written, asked)
            asked[length - 1] = value
            symbols[row] = written
            answers[row, list(asked)] = list(asked.values())
        return Drawn(symbols, answers)

    def _write(self, length: int, draw: random.Random, written: list[int], asked: dict[int, int]) -> int:
        """Append an expression to what is written, note values by the position of their closing bracket; its value."""
        m = self.modulus
        if bracket := length > 2:
            written.append(m + OPEN)
        if length <= 4:
            if negative := length % 2 == 0:
                written.append(m + MINUS)
            number = int(draw.random() * m)
            written.append(number)
            value = -number % m if negative else number
        else:
            before = 1 + int(draw.random() * (length - 4))
            left = self._write(before, draw, written, asked)
            operator = int(draw.random() * (3 if self.multiplication else 2))
            written.append(m + operator)
            right = self._write(length - 3 - before, draw, written, asked)
            value = (left + right, left - right, left * right)[operator] % m
        if bracket:
            asked[len(written)] = value
            written.append(m + CLOSE)
        return value


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ModularArithmeticBrackets]
