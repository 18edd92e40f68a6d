"""Remember the first of several symbols to the end: the shortest test of a memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import Example, ListSplit, Metric, Task, TaskData, hookimpl
from harness.contract.specs import TokenInput
from harness.data.sources import GeneratedSource, Source
from harness.metrics.classification import ACCURACY
from harness.targets import ClassTarget

HARNESS_CONTRACT = 2


@dataclass
class FirstSymbol(Task):
    """The class is the first symbol of a random string.

    Fields:
        symbols: how many there are to tell apart.
        length: of the longest string.
    """

    name: ClassVar[str] = "first_symbol"
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[ClassTarget]] = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY,)

    symbols: int = 4
    length: int = 12

    @property
    def dataset_name(self) -> str:
        """Generated strings."""
        return "random_strings"

    @property
    def synthetic(self) -> bool:
        """The strings are generated."""
        return True

    def sources(self) -> tuple[Source, ...]:
        """A formula."""
        recipe = {"symbols": self.symbols, "length": self.length, "preparation": 1}
        return (GeneratedSource(self.dataset_name, recipe, "Random strings."),)

    def setup(self) -> TaskData:
        """240 different strings, the first 160 for training."""
        draw = np.random.default_rng(0)
        strings: dict[bytes, np.ndarray] = {}
        while len(strings) < 240:
            string = 1 + draw.integers(self.symbols, size=draw.integers(self.length // 2, self.length + 1))
            strings[string.tobytes()] = string
        examples = [
            Example(f"s{i}", s, int(s[0]) - 1, references=(str(s[0]),), source=" ".join(map(str, s)))
            for i, s in enumerate(strings.values())
        ]
        names = tuple(str(symbol) for symbol in range(1, self.symbols + 1))
        return TaskData(
            train=ListSplit(examples[:160]),
            val=ListSplit(examples[160:200]),
            test=ListSplit(examples[200:]),
            input_spec=TokenInput(self.symbols + 1),
            target_spec=ClassTarget(self.symbols, names),
        )

    def tiny(self) -> FirstSymbol:
        """Three symbols, short strings."""
        return FirstSymbol(symbols=3, length=8)


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [FirstSymbol]
