"""What data sets for tagging derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset


@dataclass
class TaggedText(Dataset):
    """Base of data sets for tagging: the input of a raw example is a sentence, its target the tag of each word.

    Both are texts with one blank between words, and have equally many: "fly to new york" and "O O B-CITY I-CITY".
    `RawData.labels` are the tags in the order of their numbers; empty: those of training, sorted.

    A data set whose tags mark spans in BIO says so in `spans`: span F1 is then the task's primary metric, and token
    accuracy elsewhere.
    """

    task: ClassVar[str] = "tagging"
    raw_input: ClassVar[type] = str
    raw_target: ClassVar[type] = str

    @property
    def marks_spans(self) -> bool:
        """Whether tags are BIO."""
        return False
