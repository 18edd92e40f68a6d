"""Stack manipulation: what a stack holds after pushes and pops, read from its top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.symbol_strings import StateTrackingStrings
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.targets.masked_tagging import UNASKED

HARNESS_CONTRACT = 2

ZERO, ONE, POP, PUSH0, PUSH1, OUT = range(6)
END = 2


@dataclass
class StackManipulation(StateTrackingStrings):
    """A stack of bits from the bottom up, and what is done to it; then the stack is asked from its top, with its end.

    A pop from an empty stack does nothing. After a problem of length n come n + 1 symbols "out", at which the answers
    are the bits and then "end" (Delétang et al. 2022).
    """

    name: ClassVar[str] = "stack_manipulation"
    description: ClassVar[str] = "Bits of a stack, pushes and pops, and what the stack then holds."

    @property
    def symbols(self) -> tuple[str, ...]:
        """Bits, actions, and where an answer is asked."""
        return "0", "1", "pop", "push0", "push1", "out"

    @property
    def answers(self) -> tuple[str, ...]:
        """Bits, and the end of the stack."""
        return "0", "1", "end"

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """A stack of uniform size below the length, uniform bits and actions."""
        rows = np.arange(count)
        given = generator.integers(1, length, count) if length > 1 else np.ones(count, dtype=np.int64)
        bits, actions = generator.integers(0, 2, (count, length)), generator.integers(POP, OUT, (count, length))
        begun = np.arange(length) < given[:, None]
        symbols = np.full((count, 2 * length + 1), OUT)
        symbols[:, :length] = np.where(begun, bits, actions)
        stack, size = np.zeros((count, length + 1), dtype=np.int64), np.zeros(count, dtype=np.int64)
        for t in range(length):
            one = symbols[:, t]
            pushed = one != POP
            stack[rows[pushed], size[pushed]] = np.isin(one[pushed], (ONE, PUSH1))
            size = np.where(pushed, size + 1, np.maximum(size - 1, 0))
        stack[rows, size] = 0
        places = size[:, None] - 1 - np.arange(length + 1)  # from the top down, then below 0
        found = np.where(places >= 0, stack[rows[:, None], np.maximum(places, 0)], np.where(places == -1, END, UNASKED))
        answers = np.full_like(symbols, UNASKED)
        answers[:, length:] = found
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [StackManipulation]
