"""A toy language pair for tests: every word has one translation, and sentences are said backwards."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from harness_tasks.parallel_text import ParallelText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.translation._parallel_text import Row, raw_splits

HARNESS_CONTRACT = 2

WORDS = {
    "red": "tolu",
    "green": "vami",
    "house": "keso",
    "river": "pona",
    "sings": "ruti",
    "sleeps": "gado",
    "slowly": "fenu",
    "always": "zibe",
    "big": "hoka",
    "small": "jilo",
}


@dataclass
class Cipher(ParallelText):
    """160 training pairs and 20 for each other split.

    Fields:
        data_seed: of the sentences.
    """

    name: ClassVar[str] = "cipher"

    data_seed: int = 0

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"words": WORDS, "seed": self.data_seed}
        return (GeneratedSource("cipher", recipe, "Toy sentences, translated word by word and reversed"),)

    def read(self) -> RawData:
        """Distinct sentences of two to four words."""
        return raw_splits(make_rows(self.data_seed))

    def tiny(self) -> Cipher:
        """Itself: it is small."""
        return self


def translate(sentence: str) -> str:
    """The one right translation."""
    return " ".join(WORDS[word] for word in reversed(sentence.split()))


def make_rows(seed: int, train: int = 160, val: int = 20, test: int = 20) -> dict[str, list[Row]]:
    """Distinct sentences of two to four words, the same for the same seed."""
    generator = random.Random(seed)
    sentences: dict[str, None] = {}
    while len(sentences) < train + val + test:
        sentences[" ".join(generator.choices(list(WORDS), k=generator.randint(2, 4)))] = None
    pairs = [(number, text, translate(text)) for number, text in enumerate(sentences, start=1)]
    return {"train": pairs[:train], "val": pairs[train : train + val], "test": pairs[train + val :]}


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Cipher]
