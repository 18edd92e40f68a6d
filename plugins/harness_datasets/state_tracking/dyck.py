"""Dyck words of bounded depth: which bracket must close next."""

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
class Dyck(StateAfterEachSymbol):
    """Beginnings of words of Dyck-(k, m), k kinds of brackets at most m deep; the answer is the kind to close next.

    Where both are possible, a bracket opens or closes with equal probability (Hewitt et al. 2020, arXiv 2010.07515,
    who ask for the right closing bracket too, of a language model).

    Fields:
        kinds: k.
        depth: m.
    """

    name: ClassVar[str] = "dyck"
    description: ClassVar[str] = "Nested brackets and the kind that must close next."

    kinds: int = option(2, at_least=1)
    depth: int = option(5, at_least=1)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Brackets that open, and those that close."""
        return tuple(f"{way}{k + 1}" for way in ("open", "close") for k in range(self.kinds))

    @property
    def answers(self) -> tuple[str, ...]:
        """Kinds, and none where all are closed."""
        return ("none", *(str(k + 1) for k in range(self.kinds)))

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Open or close at random, where that is possible."""
        rows = np.arange(count)
        opens = generator.random((count, length)) < 0.5
        kinds = generator.integers(0, self.kinds, (count, length))
        stack = np.zeros((count, self.depth + 1), dtype=np.int64)  # [d] is the kind of the bracket at depth d, plus one
        depth = np.zeros(count, dtype=np.int64)
        symbols = np.empty((count, length), dtype=np.int64)
        answers = np.empty_like(symbols)
        for t in range(length):
            opening = (opens[:, t] | (depth == 0)) & (depth < self.depth)
            symbols[:, t] = np.where(opening, kinds[:, t], self.kinds + stack[rows, depth] - 1)
            depth = depth + np.where(opening, 1, -1)
            stack[rows[opening], depth[opening]] = 1 + kinds[opening, t]
            answers[:, t] = stack[rows, depth]
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Dyck]
