"""Sets without a published split, in one file of lines "LABEL text", divided for ten-fold cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import RawData
from harness.contract.task import Reference
from harness.data.sources import FolderSource, Source
from harness_datasets.text_classification._labelled_texts import in_folds, lines_with_labels, raw_splits
from harness_datasets.text_classification.colours import Colours

FOLDS = 10
CROSS_VALIDATION = "ten-fold cross-validation with other folds, mean of the folds"
_KIM = "harvardnlp/sent-conv-torch, README (25 epochs)"


def published(value: float, system: str, dataset: str, pretrained: bool = False) -> Reference:
    """A figure of harvardnlp/sent-conv-torch, by cross-validation, and so not of one fold of ours."""
    protocol = CROSS_VALIDATION + ("; pretrained embeddings" if pretrained else "")
    return Reference("accuracy", value, system, _KIM, dataset, protocol=protocol, split="ten folds")


@dataclass
class CrossValidated(LabelledText):
    """Base of these sets: one fold is test, the next validation, the other eight training.

    Published figures are means over ten folds: run `task.fold=0` to 9 and average. Folds are made by the hash of the
    texts, each label alike, so they are the same everywhere but not those of other authors.

    Class variables:
        file: the name of the file.
        classes: name of the class of each label in it.

    Fields:
        root: the folder.
        fold: which fold is test, 0 to 9.
    """

    file: ClassVar[str]
    classes: ClassVar[Mapping[str, str]]

    root: Path | None = None
    fold: int = 0

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        if not 0 <= self.fold < FOLDS:
            raise ValueError(f"task.fold is {self.fold}; it must be 0 to {FOLDS - 1}.")

    @property
    def label(self) -> str:
        """The name with the fold: "subj.fold0"."""
        return f"{self.name}.fold{self.fold}"

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """Eight folds for training and one for each other split.

        Raises:
            DataError: the folder or the file is missing, or a line does not begin with a label.
        """
        source = self._folder()
        path = source.fetch() / self.file
        rows = lines_with_labels(path, self.classes)
        notes: dict[str, str | int | float] = {
            "split": f"fold {self.fold} of {FOLDS} for test, the next for validation; folds of each label by the hash "
            "of the text"
        }
        return raw_splits(in_folds(rows, self.fold, FOLDS), tuple(self.classes.values()), notes | source.unused([path]))

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="unstated; research use",
            description=f"{self.file}: lines of a label, a blank and a text (harvardnlp/sent-conv-torch)",
            patterns=(self.file,),
        )
