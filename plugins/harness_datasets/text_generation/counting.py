"""A generated formal language, words aⁿbⁿ: learnable only by counting."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.text_generation._text_corpora import documents

HARNESS_CONTRACT = 2


@dataclass
class Counting(TextCorpus):
    """Words aⁿbⁿ with n from 1 to 6, in lines of eight.

    Fields:
        data_seed: of the words.
        generated_characters: of training text; a tenth of it for each other split.
    """

    name: ClassVar[str] = "counting"

    data_seed: int = 0
    generated_characters: int = 20_000

    def __post_init__(self) -> None:
        if self.generated_characters < 200:
            raise ValueError(f"task.generated_characters is {self.generated_characters}; at least 200 are needed.")

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"seed": self.data_seed, "characters": self.generated_characters, "version": 1}
        return (GeneratedSource("counting", recipe, "Words aⁿbⁿ: a formal language that asks for counting."),)

    def read(self) -> RawData:
        """Each split from a stream of its own."""

        count = self.generated_characters

        def text(length: int, seed: int) -> str:
            draw = random.Random(f"{self.data_seed}/{seed}")
            lines: list[str] = []
            while sum(map(len, lines)) < length:
                sizes = [draw.randint(1, 6) for _ in range(8)]
                lines.append(" ".join("a" * n + "b" * n for n in sizes) + "\n")
            return "".join(lines)

        train, val, test = (text(n, seed) for seed, n in enumerate((count, count // 10, count // 10)))
        return RawData(
            [RawExample("train", None, train)], documents("val", val), documents("test", test), prompts=("aaa",)
        )

    def tiny(self) -> Counting:
        """2,000 characters."""
        return replace(self, generated_characters=2_000)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Counting]
