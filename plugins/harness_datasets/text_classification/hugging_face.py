"""Texts with labels of the Hugging Face hub, or of a folder saved by `datasets`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness_datasets._hub_data import HubData, Splits, class_names
from harness_datasets.text_classification.colours import Colours
from harness_datasets.text_classification.csv_texts import CsvTexts

HARNESS_CONTRACT = 2

_FILE = "texts.jsonl"


@dataclass
class HuggingFaceTexts(HubData, LabelledText):
    """Any data set of texts with labels; columns are found as in a table of one's own, unless they are named.

    Fields:
        text_column, label_column: their names; None: found.
        group_column: rows that have the same value there go into one split, where the data set has no splits.
    """

    text_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None

    def read(self) -> RawData:
        """Rows with a text and a label, by the data set's splits, completed as those of a table are.

        Raises:
            DataError: the data is out of reach or cannot be read, or no column looks like a text or a label.
            UnknownNameError: a column that is named is not there.
        """
        table = CsvTexts(self._written() / _FILE, self.text_column, self.label_column, self.group_column)
        found = table.read()
        found.notes |= self._splits()[1]
        return found

    def write(self, folder: Path, splits: Splits) -> None:
        """A row of JSON an example, without columns of lists or tables; labels by their names."""
        with (folder / _FILE).open("w", encoding="utf-8") as file:
            for split, part in splits.items():
                names = {name: class_names(f) for name, f in part.features.items() if getattr(f, "dtype", None)}
                for row in part.select_columns(list(names)):
                    cells = {name: _cell(row[name], names[name]) for name in names}
                    cells |= {} if split == "all" else {"split": split}
                    file.write(json.dumps(cells, ensure_ascii=False, default=str) + "\n")

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()


def _cell(value: Any, names: list[str] | None) -> Any:
    if names is None or value is None:
        return value
    return names[value] if 0 <= value < len(names) else None


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [HuggingFaceTexts]
