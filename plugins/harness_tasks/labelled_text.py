"""What data sets for text classification derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset


@dataclass
class LabelledText(Dataset):
    """Base of data sets for text classification: the input of a raw example is a text, its target the name of a class.

    `RawData.labels` are the class names in the order of their numbers; without them the names in training, sorted.
    """

    task: ClassVar[str] = "text_classification"
    raw_input: ClassVar[type] = str
    raw_target: ClassVar[type] = str
