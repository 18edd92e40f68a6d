"""UCF101 (Soomro et al. 2012): 13,320 clips of 101 actions, the user's copy with its official lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness_datasets.action_recognition._listed_videos import Listed, ListedVideos, check_present

HARNESS_CONTRACT = 2

_LAYOUT = "UCF-101/CLASS/v_CLASS_gNN_cNN.avi, and trainlist0N.txt and testlist0N.txt of ucfTrainTestlist, at any depth"
_CLIP = re.compile(r"v_(?P<action>.+)_g(?P<group>\d+)_c\d+\.avi", re.IGNORECASE)


@dataclass
class Ucf101(ListedVideos):
    """Lists 1 to 3 have the same clips divided in three ways; published figures are often means of the three.

    Fields:
        root: the folder.
        fold: the list, 1 to 3.
    """

    name: ClassVar[str] = "ucf101"
    layout: ClassVar[str] = _LAYOUT
    lists: ClassVar[tuple[str, ...]] = ("**/trainlist0?.txt", "**/testlist0?.txt")
    split_rule: ClassVar[str] = (
        "the official list; a tenth of each class's training films, by the hash of their names, is validation"
    )

    fold: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fold not in (1, 2, 3):
            raise ValueError(f"task.fold is {self.fold}; UCF101 has lists 1, 2 and 3.")

    @property
    def label(self) -> str:
        """With the list: "ucf101.1"."""
        return f"{self.name}.{self.fold}"

    def listed(self, films: Mapping[str, Path], lists: Sequence[Path]) -> list[Listed]:
        """The clips of trainlist0N.txt, each with its class's number, and of testlist0N.txt."""
        by_name = {path.name: path for path in lists}
        rows = []
        for split, part in (("train", "trainlist"), ("test", "testlist")):
            name = f"{part}0{self.fold}.txt"
            if name not in by_name:
                raise DataError(f"{name} is missing in {shown(self.root or '')}. {self._expected()}")
            for number, line in enumerate(read_lines(by_name[name], form=False), start=1):
                if line.strip():
                    rows.append((split, *_parsed(line, f"{shown(name)}, line {number}")))
        check_present([clip for _, _, clip, _ in rows], films, self.root, _LAYOUT)
        return [Listed(films[clip], action, split, group) for split, action, clip, group in rows]


def _parsed(line: str, where: str) -> tuple[str, str, str]:
    """Action, file name and film of a line such as "Archery/v_Archery_g08_c01.avi 3"."""
    path = PurePosixPath(line.split(maxsplit=1)[0])
    match = _CLIP.fullmatch(path.name)
    if not match or len(path.parts) != 2:
        raise DataError(f"{where}: '{line.strip()[:60]}' is not of the form CLASS/v_CLASS_g01_c01.avi.")
    return path.parts[0], path.name, f"g{match['group']}"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Ucf101]
