"""What data sets for text generation derive from."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import ClassVar

from harness.contract.dataset import Dataset


@dataclass
class TextCorpus(Dataset):
    """Base of data sets for text generation: the target of a raw example is a document, its input None.

    Validation and test are best cut into documents of about 10,000 characters, which are evaluated side by side.
    """

    task: ClassVar[str] = "text_generation"
    raw_input: ClassVar[type] = NoneType
    raw_target: ClassVar[type] = str
