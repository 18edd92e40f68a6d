"""Your own series: a table for each, in folders that name their class, or in a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.labelled_series import LabelledSeries, content_of
from harness_tasks.series._labelled_series import values_of_table

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.data.sources import FolderSource, Source
from harness.data.splitting import Shares, SplitPositions, by_group, stratified
from harness.data.tables import DataTable, read_table
from harness.errors import DataError
from harness_datasets.series_classification.bumps import Bumps

HARNESS_CONTRACT = 2

LIST = "list.csv"


@dataclass
class CsvFolder(LabelledSeries):
    """Files FOLDER/CLASS/NAME.csv with a row a step and a column of numbers for each variable.

    Or a file list.csv in the folder with columns "file" and "label", and, where recordings belong together, "group" (a
    person, a machine), which is then never in two splits.

    Fields:
        root: the folder.
        val, test: shares that are held out: of each class by the hash of the content, or of groups.
    """

    name: ClassVar[str] = "folder"

    root: Path | None = None
    val: float = 0.1
    test: float = 0.2

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        try:
            Shares(self.val, self.test)
        except ValueError as error:
            raise ValueError(f"task.val and task.test: {error}") from error

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """Every table, divided by a stated rule.

        Raises:
            DataError: the folder is missing or has a single class; a table cannot be read; or a list names no file.
        """
        source = self._folder()
        files, root = source.files(), source.fetch()
        listed = [path for path in files if path.name == LIST and path.parent == root]
        if listed:
            examples, groups = _of_list(read_table(listed[0]), root)
            used = [*listed, *(root / one.id for one in examples)]
        else:
            used = [path for path in files if path.parent != root]
            examples, groups = [_example(path, root, path.parent.name) for path in used], []
        classes = sorted({one.target for one in examples})
        if len(classes) < 2:
            raise DataError(
                f"The folder {root} has {len(classes)} class; a classifier needs two or more. Expected: "
                f"{source.description}."
            )
        parts = self._parts(examples, groups)
        train, val, test = ([examples[i] for i in part] for part in (parts.train, parts.val, parts.test))
        if not (train and val and test):
            raise DataError(f"The {len(examples)} series of {root} are too few to be divided into train, val and test.")
        lacking = sorted(set(classes) - {one.target for one in train})
        if lacking:
            raise DataError(f"Class '{lacking[0]}' of {root} has no series in training; give it more, or more groups.")
        notes = {"split": parts.rule} | source.unused(used)
        return RawData(train, val, test, labels=tuple(classes), notes=notes)

    def tiny(self) -> Bumps:
        """Generated bumps."""
        return Bumps.of_few()

    def _parts(self, examples: Sequence[RawExample], groups: Sequence[str]) -> SplitPositions:
        shares = Shares(self.val, self.test)
        if groups:
            return by_group(groups, shares)
        return stratified([content_of(one) for one in examples], [one.target for one in examples], shares)

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="folder",
            root=self.root,
            licence="the user's own",
            description=f"CLASS/NAME.csv, a table for each series, or {LIST} with columns file and label",
            patterns=("**/*.csv", "**/*.tsv"),
        )


def _example(path: Path, root: Path, label: str) -> RawExample:
    return RawExample(path.relative_to(root).as_posix(), values_of_table(path), label)


def _of_list(table: DataTable, root: Path) -> tuple[list[RawExample], list[str]]:
    """The series of a list, and their groups where it has such a column."""
    names, labels = table.texts("file"), table.texts("label")
    examples = []
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        path = root / name
        if not label:
            raise DataError(f"{table.where(row)}: no label.")
        if not name or not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
            raise DataError(f"{table.where(row)}: there is no file '{name}' in {root}.")
        examples.append(_example(path, root, label))
    return examples, table.texts("group") if "group" in table.names else []


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [CsvFolder]
