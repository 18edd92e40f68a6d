"""The word problem of a finite group: the product of the elements read so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import ClassVar

import numpy as np
from harness_tasks.symbol_strings import StateAfterEachSymbol
from harness_tasks.symbols.drawn_strings import Drawn

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option

HARNESS_CONTRACT = 2

_POINTS = {"s3": 3, "a4": 4, "s4": 4, "a5": 5, "s5": 5}
_Z60 = 60


@dataclass
class WordProblem(StateAfterEachSymbol):
    """Elements of a group; the answer is the product of those so far (Merrill et al. 2024, arXiv 2404.08819).

    A permutation is written as what becomes of 1, 2, 3 ... ("23154"); in a product the first one is applied first. The
    word problems of A5 and S5 are complete for NC1, which transformers and diagonal state-space models do not reach.

    Fields:
        group: "a5" and "s5" (60 and 120 elements; not solvable), "s3", "a4", "s4" (solvable), or "z60" (addition
            modulo 60).
        generators: how many elements occur in strings: two that generate the group and others drawn at random; 0: all.
    """

    name: ClassVar[str] = "word_problem"
    description: ClassVar[str] = "Random elements of a group and their product so far."

    group: str = option("a5", choices=(*_POINTS, "z60"))
    generators: int = option(0, at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        size = len(self.answers)
        if self.generators == 1 or self.generators > size:
            raise ValueError(f"task.generators is {self.generators}; it must be 0 (all), or from 2 to {size}.")

    @property
    def label(self) -> str:
        """With the group."""
        return f"{self.name}.{self.group}" + (f".{self.generators}" if self.generators else "")

    @property
    def symbols(self) -> tuple[str, ...]:
        """The elements that occur."""
        return tuple(self.answers[k] for k in self._occurring)

    @property
    def answers(self) -> tuple[str, ...]:
        """All elements."""
        return group_table(self.group)[0]

    @property
    def _occurring(self) -> list[int]:
        names, table = group_table(self.group)
        if not self.generators:
            return list(range(len(names)))
        order = np.random.default_rng(len(names)).permutation(len(names)).tolist()
        pairs = ((a, b) for a in order for b in order if a < b)
        first = next(pair for pair in pairs if len(generated(table, pair)) == len(names))
        return sorted([*first, *[k for k in order if k not in first][: self.generators - 2]])

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform elements."""
        table, occurring = group_table(self.group)[1], np.array(self._occurring)
        symbols = generator.integers(0, len(occurring), (count, length))
        elements = occurring[symbols]
        answers = np.empty_like(symbols)
        state = answers[:, 0] = elements[:, 0]
        for t in range(1, length):
            state = answers[:, t] = table[state, elements[:, t]]
        return Drawn(symbols, answers)


@cache
def group_table(group: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of a group's elements, and the number of the product of every two, int64 (G, G)."""
    if group not in _POINTS:
        numbers = np.arange(_Z60)
        return tuple(f"{k:02d}" for k in numbers), (numbers[:, None] + numbers) % _Z60
    elements = np.array(list(permutations(range(_POINTS[group]))))  # (G, points)
    if group.startswith("a"):
        points = range(elements.shape[1])
        inversions = sum((elements[:, i] > elements[:, j]).astype(int) for i in points for j in points if i < j)
        elements = elements[inversions % 2 == 0]
    powers = 10 ** np.arange(elements.shape[1])
    codes = elements @ powers
    products = elements[:, elements].transpose(1, 0, 2)  # [a, b, i] = elements[b][elements[a][i]]
    order = np.argsort(codes)
    table = order[np.searchsorted(codes[order], products @ powers)]
    return tuple("".join(str(1 + i) for i in one) for one in elements.tolist()), table


def generated(table: np.ndarray, start: tuple[int, ...]) -> set[int]:
    """The elements that products of some give."""
    found, new = set(start), list(start)
    while new:
        one = new.pop()
        for product in table[one, list(start)].tolist():
            if product not in found:
                found.add(product)
                new.append(product)
    return found


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [WordProblem]
