"""What data sets for translation derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset


@dataclass
class ParallelText(Dataset):
    """Base of data sets for translation: the input of a raw example is a sentence, its target the translation.

    Either may be empty: the task leaves such pairs out of training and counts them; in validation and test they stay,
    where an empty answer to an empty reference is right.

    Fields:
        source_language, target_language: codes ("en", "de"); give them other defaults for other languages.
    """

    task: ClassVar[str] = "translation"
    raw_input: ClassVar[type] = str
    raw_target: ClassVar[type] = str

    source_language: str = "en"
    target_language: str = "de"

    def __post_init__(self) -> None:
        if self.source_language == self.target_language:
            raise ValueError(f"source_language and target_language are both '{self.source_language}'")

    def unused_files(self) -> dict[str, str | int | float]:
        """Notes on files in the user's folder that are not used (`FolderSource.unused`); none elsewhere.

        Asked for every run, since prepared data is kept and other files may have come since.
        """
        return {}

    @property
    def label(self) -> str:
        """The name with the direction: "multi30k.de-en"."""
        return f"{self.name}.{self.source_language}-{self.target_language}"
