"""Multi-query associative recall (MQAR): the values of several keys, asked in random places after all pairs."""

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
from harness_datasets.recall._words import distinct, numbered

HARNESS_CONTRACT = 2


@dataclass
class MQAR(RecallStrings):
    """Pairs of key and value, then the keys again in random places among random symbols (Arora et al. 2023).

    Zoology, arXiv 2312.04927: half of the vocabulary are keys, half values; the gap before a key is asked follows a
    power law; strings have an even length (an odd one becomes one shorter). The paper trains with a vocabulary of 8,192
    on lengths 64 (4 pairs) to 256 (16 pairs), a model each, and chooses among all symbols; here among the values.

    Fields:
        pairs: of key and value; a length is at least four times as many.
        vocabulary: keys and values together.
        power: a of the power law, p(gap) ~ a gap^(a - 1); 1: uniform.
    """

    name: ClassVar[str] = "mqar"
    description: ClassVar[str] = "Random pairs of key and value, and the keys again among random symbols."
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (8, 12, 14, 20)

    min_length: int = option(64, at_least=4)
    max_length: int = option(64, at_least=4)
    test_min_length: int = option(64, at_least=4)
    test_max_length: int = option(256, at_least=4)
    train_examples: int = option(20_000, at_least=1)
    pairs: int = option(4, at_least=1)
    vocabulary: int = option(512, at_least=4)
    power: float = option(0.01, above=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        shortest = min(self.min_length, self.test_min_length)
        if 4 * self.pairs > shortest:
            raise ValueError(
                f"task.pairs={self.pairs}: must be at most {shortest // 4}, a quarter of the least length {shortest}."
            )
        if self.pairs > self.vocabulary // 2:
            raise ValueError(
                f"task.pairs={self.pairs}: must be at most {self.vocabulary // 2}, the keys of "
                f"task.vocabulary={self.vocabulary}."
            )

    @property
    def symbols(self) -> tuple[str, ...]:
        """Keys and values."""
        return (*numbered("k", self.vocabulary // 2), *self.answers)

    @property
    def answers(self) -> tuple[str, ...]:
        """Values."""
        return numbered("v", self.vocabulary - self.vocabulary // 2)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Distinct keys and distinct values; each key is asked once."""
        length -= length % 2
        half, pairs = self.vocabulary // 2, self.pairs
        keys, values = (distinct(generator, count, pairs, n) for n in (half, self.vocabulary - half))
        symbols = generator.integers(0, self.vocabulary, (count, length))
        symbols[:, : 2 * pairs : 2], symbols[:, 1 : 2 * pairs : 2] = keys, half + values
        gaps = np.arange(1, length // 2 - pairs + 1)
        # The largest of log p plus Gumbel noise are a sample without replacement (Kool et al. 2019).
        noisy = (self.power - 1) * np.log(gaps) + generator.gumbel(size=(count, len(gaps)))
        places = 2 * pairs + 2 * np.argsort(-noisy, axis=1)[:, :pairs]
        np.put_along_axis(symbols, places, keys, axis=1)
        answers = np.full_like(symbols, UNASKED)
        np.put_along_axis(answers, places, values, axis=1)
        return Drawn(symbols, answers)

    def tiny(self) -> Self:
        """Two pairs of eight symbols."""
        return self.shortened(vocabulary=8, pairs=2)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [MQAR]
