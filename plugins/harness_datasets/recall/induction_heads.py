"""Induction heads: the symbol that followed a special one."""

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
class InductionHeads(RecallStrings):
    """Random symbols with one "special" among them and one at the end, where the symbol after the first is asked.

    Olsson et al. 2022; Fu et al. 2023 (length 30, 20 symbols); Gu and Dao 2023 (Mamba, arXiv 2312.00752: 16 symbols,
    trained on length 256, tested on 64 to 1,048,576).

    Fields:
        vocabulary: how many symbols there are, the special one included.
    """

    name: ClassVar[str] = "induction_heads"
    description: ClassVar[str] = "Random symbols and the one that followed a special symbol."
    tiny_lengths: ClassVar[tuple[int, int, int, int]] = (6, 10, 11, 16)

    min_length: int = option(16, at_least=3)
    max_length: int = option(64, at_least=3)
    test_min_length: int = option(64, at_least=3)
    vocabulary: int = option(16, at_least=3)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Numbers, and the special symbol."""
        return (*self.answers, "special")

    @property
    def answers(self) -> tuple[str, ...]:
        """All but the special symbol."""
        return numbered("", self.vocabulary - 1, first=1)

    def draw(self, length: int, count: int, generator: np.random.Generator) -> Drawn:
        """Uniform symbols, the special one anywhere but in the last two places."""
        rows = np.arange(count)
        symbols = generator.integers(0, self.vocabulary - 1, (count, max(length, 3)))
        place = generator.integers(0, symbols.shape[1] - 2, count)
        symbols[rows, place] = symbols[:, -1] = self.vocabulary - 1
        answers = np.full_like(symbols, UNASKED)
        answers[:, -1] = symbols[rows, place + 1]
        return Drawn(symbols, answers)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [InductionHeads]
