"""Texts of the Hugging Face hub, or of a folder saved by `datasets`, end to end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness_datasets._hub_data import HubData, Splits, column, is_text
from harness_datasets.text_generation.counting import Counting
from harness_datasets.text_generation.text_folder import TextFolder

HARNESS_CONTRACT = 2

_HELD_OUT = 20
"""One part in so many of training is validation, where the data set has none."""


@dataclass
class HuggingFaceCorpus(HubData, TextCorpus):
    """Any data set with a column of texts: a row after the other, each ending with its line.

    Without splits the text is cut into consecutive 90, 5 and 5 %; without validation, the last 5 % of training's rows
    are validation.

    Fields:
        text_column: its name; None: "text" or the like, or the only column of texts.
    """

    text_column: str | None = None

    def read(self) -> RawData:
        """As `dataset=text` reads the files.

        Raises:
            DataError: the data is out of reach or cannot be read, or has no column of texts.
        """
        found = TextFolder(self._written()).read()
        found.notes |= self._splits()[1]
        return found

    def write(self, folder: Path, splits: Splits) -> None:
        """A text file for each split."""
        if "train" in splits and "test" in splits and "val" not in splits:
            train = splits["train"]
            last = len(train) - len(train) // _HELD_OUT
            splits = splits | {"train": train.select(range(last)), "val": train.select(range(last, len(train)))}
        for split, part in splits.items():
            chosen = column(part, self.text_column, "task.text_column", ("text", "content", "document"), is_text)
            with (folder / f"{split}.txt").open("w", encoding="utf-8", newline="") as file:
                file.writelines(_lines(part.select_columns([chosen]), chosen))

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)


def _lines(rows: Iterable[Any], chosen: str) -> Iterable[str]:
    for row in rows:
        text = row[chosen] or ""
        yield text if text.endswith("\n") else f"{text}\n"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [HuggingFaceCorpus]
