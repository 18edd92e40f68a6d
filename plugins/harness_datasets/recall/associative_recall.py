"""Associative recall: the value of a key that occurred before."""

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
class AssociativeRecall(RecallStrings):
    """Keys with a value each, which a key keeps within its string, and at the end a key whose value is asked.

    Asked at the end alone, it is the task of Ba et al. 2016 (arXiv 1610.06258) and Fu et al. 2023 (H3, arXiv
    2212.14052); asked at every key that occurred before, MAD's in-context recall, with `noise` its noisy form (Poli et
    al. 2024, arXiv 2403.17844). A string has an odd number of symbols: even lengths become one shorter.

    Fields:
        ask: "every": at each key that occurred before; "last": at the last key alone.
        keys, values: how many of each there are.
        noise: probability with which two noise symbols stand in place of a pair.
        noise_symbols: how many of them there are.
    """

    name: ClassVar[str] = "associative_recall"
    description: ClassVar[str] = "Random pairs of key and value, and the values of keys that occur again."
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (5, 10, 11, 16)

    min_length: int = option(5, at_least=3)
    max_length: int = option(40, at_least=3)
    ask: str = option("every", choices=("every", "last"))
    keys: int = option(10, at_least=1)
    values: int = option(10, at_least=2)
    noise: float = option(0.0, at_least=0.0, below=1.0)
    noise_symbols: int = option(16, at_least=1)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Keys, values and noise."""
        return (*numbered("k", self.keys), *self.answers, *(numbered("n", self.noise_symbols) if self.noise else ()))

    @property
    def answers(self) -> tuple[str, ...]:
        """Values."""
        return numbered("v", self.values)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform keys and values; at the end one of the keys before, uniformly over their occurrences."""
        rows, pairs = np.arange(count), max((length - 1) // 2, 1)
        keys = generator.integers(0, self.keys, (count, pairs))
        of_key = generator.integers(0, self.values, (count, self.keys))
        noisy = generator.random((count, pairs)) < self.noise
        noisy[rows, generator.integers(0, pairs, count)] = False  # one pair at least
        order = np.where(noisy, -1.0, generator.random((count, pairs)))
        asked = keys[rows, order.argmax(1)]
        symbols = np.empty((count, 2 * pairs + 1), dtype=np.int64)
        noise = self.keys + self.values + generator.integers(0, self.noise_symbols, (count, pairs, 2))
        symbols[:, :-1:2] = np.where(noisy, noise[..., 0], keys)
        symbols[:, 1::2] = np.where(noisy, noise[..., 1], self.keys + of_key[rows[:, None], keys])
        symbols[:, -1] = asked
        answers = np.full_like(symbols, UNASKED)
        answers[:, -1] = of_key[rows, asked]
        if self.ask == "every":
            seen = np.zeros((count, self.keys), dtype=bool)
            for k in range(pairs):
                real = ~noisy[:, k]
                known = real & seen[rows, keys[:, k]]
                answers[known, 2 * k] = of_key[rows[known], keys[known, k]]
                seen[rows[real], keys[real, k]] = True
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [AssociativeRecall]
