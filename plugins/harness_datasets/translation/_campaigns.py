"""What data sets of evaluation campaigns share: sets found by name, and pairs read from whatever form they have."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.parallel_text import ParallelText

from harness.contract.dataset import RawData
from harness.data.foreign import shown
from harness.data.long_lines import lines_of
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.translation._parallel_text import Row, aligned, joined, raw_splits, without_held_out
from harness_datasets.translation._segments import pair_segments
from harness_datasets.translation.cipher import Cipher


@dataclass
class Campaign(ParallelText):
    """Base of IWSLT and WMT.

    Training leaves out pairs whose source stands in validation or test, up to case and punctuation, and validation
    those whose source stands in test.

    Class variables:
        licence, layout: for people.
        patterns: of the files.

    Fields:
        root: the folder.
    """

    tried: ClassVar[bool] = False
    licence: ClassVar[str]
    layout: ClassVar[str]
    patterns: ClassVar[tuple[str, ...]]

    root: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def unused_files(self) -> dict[str, str | int | float]:
        """Files of other languages, sets and kinds.

        Raises:
            DataError: as for `read`.
        """
        source = self._folder()
        used = [path for split in self._pairs(source.files()).values() for pair in split for path in pair]
        return source.unused(used, "of a language or a set that is not asked for")

    def read(self) -> RawData:
        """The sets that the options name.

        Raises:
            DataError: a file is missing or damaged, or two files do not fit each other; the message names them.
        """
        rows: dict[str, Sequence[Row]] = {}
        for split, pairs in self._pairs(self._folder().files()).items():
            parts: list[Sequence[Row]] = []
            for source, target in pairs:
                parts.append(self._rows(source, target, first=sum(map(len, parts)) + 1))
            rows[split] = joined(parts)
        return raw_splits(*without_held_out(rows))

    def tiny(self) -> Cipher:
        """The toy language."""
        return Cipher()

    @abstractmethod
    def pair(self, split: str, name: str, files: Sequence[Path]) -> tuple[Path, Path] | None:
        """The two files of a set, source first; None where there are none.

        Args:
            split: "train", "val" or "test".
            name: of the set.
            files: of the folder.
        """

    @abstractmethod
    def sets(self) -> dict[str, tuple[str, ...]]:
        """Names of the sets of each split."""

    def lines(self, path: Path) -> Sequence[str]:
        """The sentences of a plain file."""
        return lines_of(path)

    def _rows(self, source: Path, target: Path, first: int) -> Sequence[Row]:
        marked = [path.suffix.lower() in (".sgm", ".xml") for path in (source, target)]
        if all(marked):
            return pair_segments(source, target, first)
        left, right = self.lines(source), self.lines(target)
        if len(left) != len(right):
            raise DataError(
                f"{shown(source)} has {len(left):,} sentences and {shown(target.name)} {len(right):,}: line n of one "
                "must translate line n of the other."
            )
        return aligned(left, right, first)

    def _pairs(self, files: Sequence[Path]) -> dict[str, list[tuple[Path, Path]]]:
        found: dict[str, list[tuple[Path, Path]]] = {}
        for split, names in self.sets().items():
            found[split] = []
            for name in names:
                pair = self.pair(split, name, files)
                if pair is None:
                    there = ", ".join(shown(path.name) for path in files[:6])
                    raise DataError(
                        f"{shown(self.root or '')} has no set '{name}' ({split}) in {self.source_language} and "
                        f"{self.target_language}; it holds {there}{', …' if len(files) > 6 else ''}. Expected: "
                        f"{self.layout}."
                    )
                found[split].append(pair)
        return found

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name, root=self.root, licence=self.licence, description=self.layout, patterns=self.patterns
        )


def by_names(files: Sequence[Path], names: Sequence[str]) -> Path | None:
    """The first of some file names, packed or not, that is there."""
    named = {path.name: path for path in files}
    return next((named[n] for name in names for n in (name, f"{name}.gz") if n in named), None)
