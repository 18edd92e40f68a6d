"""Your own copy of a UCR/UEA data set, or any .ts file: sets of the archive with their published split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.labelled_series import LabelledSeries, content_of, with_validation

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.splitting import stratified
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.series_classification._ts_files import TsFile, parse_ts
from harness_datasets.series_classification.bumps import Bumps

HARNESS_CONTRACT = 2

VALIDATION = 0.1


@dataclass
class TsFolder(LabelledSeries):
    """NAME_TRAIN.ts and NAME_TEST.ts of a folder, or one .ts file that is divided 80/10/10 % within each class.

    Fields:
        root: the folder.
        set: NAME, where the folder has several.
    """

    name: ClassVar[str] = "ts"

    root: Path | None = None
    set: str | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    @property
    def label(self) -> str:
        """With the name of the set, where it is given: "ts.GunPoint"."""
        return f"{self.name}.{self.set}" if self.set else self.name

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split, with a tenth of each class of the training part for validation.

        Raises:
            DataError: the folder is missing, holds several sets or half of one, or a file is no .ts file of classes.
        """
        source = self._folder()
        files = {path.stem: path for path in source.files()}
        names = sorted({stem.removesuffix("_TRAIN").removesuffix("_TEST") for stem in files})
        name = self.set or (names[0] if len(names) == 1 else None)
        if name is None or name not in names:
            raise DataError(f"The folder {source.root} holds {', '.join(names[:10])}. Choose one: task.set=NAME.")
        notes = source.unused([path for stem, path in files.items() if stem.startswith(name)])
        if name in files:
            whole = _read(files[name], name)
            contents, labels = [content_of(one) for one in whole.examples], [one.target for one in whole.examples]
            parts = stratified(contents, labels)
            train, val, test = ([whole.examples[i] for i in part] for part in (parts.train, parts.val, parts.test))
            _check(train, val, test, source)
            return RawData(train, val, test, labels=whole.classes, notes=notes | {"split": parts.rule})
        halves = [f"{name}_{part}" for part in ("TRAIN", "TEST")]
        for stem in halves:
            if stem not in files:
                raise DataError(f"The folder {source.root} has no {stem}.ts. Expected: {source.description}.")
        first, last = (_read(files[stem], stem.rsplit("_", 1)[1].lower()) for stem in halves)
        train, val, rule = with_validation(first.examples, VALIDATION)
        _check(train, val, last.examples, source)
        classes = tuple(dict.fromkeys([*first.classes, *last.classes]))
        return RawData(train, val, last.examples, labels=classes, notes=notes | {"split": rule})

    def tiny(self) -> Bumps:
        """Generated bumps."""
        return Bumps.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="ts",
            root=self.root,
            licence="the user's own",
            description="NAME_TRAIN.ts and NAME_TEST.ts of the UCR/UEA archive, or one .ts file",
            patterns=("*.ts", "*/*.ts"),
        )


def _read(path: Path, prefix: str) -> TsFile:
    return parse_ts(read_text(path), shown(path), prefix)


def _check(train: list, val: list, test: list, source: FolderSource) -> None:
    for name, part in (("training", train), ("validation", val), ("test", test)):
        if not part:
            raise DataError(f"The series of {source.root} are too few: none is left for {name}.")


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [TsFolder]
