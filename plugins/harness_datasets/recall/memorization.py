"""Memorization: the values of keys by a map that is the same in all strings, and so must be learnt by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

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
class Memorization(RecallStrings):
    """Keys, each followed by "insert", where the key's value is asked; nothing in a string tells the values.

    MAD's memorisation (Poli et al. 2024, arXiv 2403.17844): 256 symbols, half of them keys, length 32. An odd length
    becomes one shorter.

    Fields:
        keys: how many keys, and values, there are.
        map_seed: of the map from keys to values.
    """

    name: ClassVar[str] = "memorization"
    description: ClassVar[str] = "Random keys and their values by a fixed map."
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (4, 10, 12, 16)

    min_length: int = option(32, at_least=2)
    max_length: int = option(32, at_least=2)
    test_min_length: int = option(32, at_least=2)
    test_max_length: int = option(128, at_least=2)
    train_examples: int = option(20_000, at_least=1)
    keys: int = option(127, at_least=2)
    map_seed: int = 12345

    @property
    def symbols(self) -> tuple[str, ...]:
        """Keys, and where an answer is asked."""
        return (*numbered("k", self.keys), "insert")

    @property
    def answers(self) -> tuple[str, ...]:
        """Values."""
        return numbered("v", self.keys)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform keys."""
        of_key = np.random.default_rng(self.map_seed).permutation(self.keys)
        keys = generator.integers(0, self.keys, (count, max(length // 2, 1)))
        symbols = np.full((count, 2 * keys.shape[1]), self.keys)
        symbols[:, ::2] = keys
        answers = np.full_like(symbols, UNASKED)
        answers[:, 1::2] = of_key[keys]
        return Drawn(symbols, answers)

    def tiny(self) -> Self:
        """Eight keys."""
        return self.shortened(keys=8)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Memorization]
