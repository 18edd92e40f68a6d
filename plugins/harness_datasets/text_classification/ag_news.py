"""AG News: the topic of a news item. The user's own copy of train.csv and test.csv, which have no header.

Source: X. Zhang, J. Zhao, Y. LeCun, "Character-level Convolutional Networks for Text Classification", 2015.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import reading, shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.text_classification._labelled_texts import (
    Row,
    cleaned,
    held_out,
    raw_splits,
    without_held_out,
)
from harness_datasets.text_classification.colours import Colours

HARNESS_CONTRACT = 2

LABELS = {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}
_SHARE = 0.05


def _published(value: float, system: str, model: str) -> Reference:
    return Reference(
        "accuracy",
        value,
        system,
        "FedML-AI/FedNLP, experiments/centralized/text_classification/README.md (older versions)",
        "ag_news",
        model=model,
        protocol="texts cut to 50 tokens; random embeddings; Adam 1e-3, dropout 0.1",
        test_examples=7_600,
        options={"task.max_length": 50},
    )


@dataclass
class AgNews(LabelledText):
    """Title and description of a news item, and which of four topics it has.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "ag_news"
    tried: ClassVar[bool] = False
    references: ClassVar[tuple[Reference, ...]] = (
        _published(90.46, "BiLSTM, 256 units", "bilstm"),
        _published(89.96, "BiLSTM, 256 units, with attention", "attention_lstm"),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published training and test items; validation is taken from training.

        Raises:
            DataError: the folder or a file is missing, or a line is not a class, a title and a description.
        """
        source = self._folder()
        root = source.fetch()
        for name in source.patterns:
            if not (root / name).is_file():
                raise DataError(f"The folder {shown(root)} has no {name}. Expected: {source.description}.")
        train, val = held_out(read_items(root / "train.csv"), _SHARE)
        kept, dropped = without_held_out({"train": train, "val": val, "test": read_items(root / "test.csv")})
        notes: dict[str, str | int | float] = {
            "validation": f"{_SHARE:.0%} of each topic's training items by the hash of the text"
        }
        used = [root / name for name in source.patterns]
        return raw_splits(kept, tuple(LABELS.values()), notes | dropped | source.unused(used))

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="non-commercial (the collection's terms)",
            description='train.csv and test.csv: "CLASS","TITLE","DESCRIPTION", classes 1 to 4, no header',
            patterns=("train.csv", "test.csv"),
        )


def read_items(path: Path) -> list[Row]:
    """Every item, its title and description joined; a backslash stands for the end of a line.

    Raises:
        DataError: the file is no CSV, or a line is not a class of 1 to 4, a title and a description.
    """
    rows = []
    # Quoted fields may span lines, so the reader gets them with their ends.
    table = csv.reader(read_text(path).splitlines(keepends=True), strict=True)
    with reading(path, "CSV"):
        items = [(table.line_num, fields) for fields in table if fields]
    for line, fields in items:
        if len(fields) != 3 or fields[0] not in LABELS:
            raise DataError(
                f"Line {line} of {shown(path)} is not a class of 1 to 4, a title and a description, each in quotes and "
                f"with commas between them: {shown(', '.join(fields)[:60])!r}."
            )
        text = cleaned(f"{fields[1]} {fields[2]}".replace("\\", " "))
        rows.append(Row(line, text, LABELS[fields[0]]))
    return rows


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [AgNews]
