"""Pairs of sentences of the Hugging Face hub, or of a folder saved by `datasets`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_tasks.parallel_text import ParallelText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.errors import DataError
from harness_datasets._hub_data import HubData, Splits, is_text, one_line
from harness_datasets.translation.cipher import Cipher
from harness_datasets.translation.parallel import ParallelFolder

HARNESS_CONTRACT = 2

_HELD_OUT = 20
"""One pair in so many is validation, and another one test, where the data set has no such split."""


@dataclass
class HuggingFacePairs(HubData, ParallelText):
    """Any data set of pairs: a column `translation` that holds both by their codes, or a column for each language.

    Without a split for test or for validation, one pair in twenty is held out for it, by the hash of the source.

    Fields:
        source_column, target_column: their names; None: as the language codes.
    """

    source_column: str | None = None
    target_column: str | None = None

    def __post_init__(self) -> None:
        HubData.__post_init__(self)
        ParallelText.__post_init__(self)

    @property
    def label(self) -> str:
        """With the direction: "huggingface-wmt14.de-en"."""
        return f"{super().label}.{self.source_language}-{self.target_language}"

    def read(self) -> RawData:
        """As `dataset=parallel` reads the files.

        Raises:
            DataError: the data is out of reach or cannot be read, or has no column of a language.
        """
        languages = {"source_language": self.source_language, "target_language": self.target_language}
        found = ParallelFolder(**languages, root=self._written()).read()
        found.notes |= self._splits()[1]
        return found

    def write(self, folder: Path, splits: Splits) -> None:
        """A file for each split and language, a sentence a line."""
        pairs = {split: list(self._pairs(part)) for split, part in splits.items()}
        rest = pairs.pop("all", None) or pairs.pop("train")
        for number, split in enumerate(("test", "val")):
            if split not in pairs:
                pairs[split] = [pair for pair in rest if _bucket(pair[0]) == number]
                rest = [pair for pair in rest if _bucket(pair[0]) != number]
        for split, part in {**pairs, "train": rest}.items():
            for side, language in enumerate((self.source_language, self.target_language)):
                text = "".join(f"{pair[side]}\n" for pair in part)
                (folder / f"{split}.{language}").write_text(text, encoding="utf-8")

    def tiny(self) -> Cipher:
        """The toy language."""
        return Cipher()

    def _pairs(self, part: Any) -> Iterator[tuple[str, str]]:
        columns = self.source_column or self.source_language, self.target_column or self.target_language
        together = not (self.source_column or self.target_column) and "translation" in part.features
        held: Any = part.features["translation"] if together else part.features
        held = getattr(held, "languages", None) or held
        for name in columns:
            if name not in held or not (together or is_text(held[name])):
                raise DataError(
                    f"The data set has no texts called '{name}'; it has {', '.join(map(str, held))}. Set "
                    "task.source_language and task.target_language, or task.source_column and task.target_column."
                )
        for row in part:
            both = row["translation"] if together else row
            yield one_line(both[columns[0]]), one_line(both[columns[1]])


def _bucket(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % _HELD_OUT


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [HuggingFacePairs]
