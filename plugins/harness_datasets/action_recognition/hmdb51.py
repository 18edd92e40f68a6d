"""HMDB51 (Kuehne et al. 2011): 6,766 clips of 51 actions, the user's copy with its official lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness_datasets.action_recognition._listed_videos import Listed, ListedVideos, check_present

HARNESS_CONTRACT = 2

_LAYOUT = (
    "CLASS/*.avi and CLASS_test_splitN.txt of testTrainMulti_7030_splits, at any depth, the inner archives unpacked"
)
_SPLITS = {"1": "train", "2": "test", "0": ""}


@dataclass
class Hmdb51(ListedVideos):
    """Lists 1 to 3 choose 70 clips a class for training and 30 for test, no film in both; the rest is not used.

    Fields:
        root: the folder.
        fold: the list, 1 to 3.
    """

    name: ClassVar[str] = "hmdb51"
    licence: ClassVar[str] = "CC BY 4.0"
    layout: ClassVar[str] = _LAYOUT
    lists: ClassVar[tuple[str, ...]] = ("**/*_test_split?.txt",)
    split_rule: ClassVar[str] = (
        "the official list; a tenth of each class's training films, by the hash of their names, is validation"
    )

    fold: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fold not in (1, 2, 3):
            raise ValueError(f"task.fold is {self.fold}; HMDB51 has lists 1, 2 and 3.")

    @property
    def label(self) -> str:
        """With the list: "hmdb51.1"."""
        return f"{self.name}.{self.fold}"

    def listed(self, films: Mapping[str, Path], lists: Sequence[Path]) -> list[Listed]:
        """The clips that each class's list marks 1 (training) or 2 (test)."""
        ending = f"_test_split{self.fold}.txt"
        chosen = [path for path in lists if path.name.endswith(ending)]
        if not chosen:
            raise DataError(f"There is no CLASS{ending} in {shown(self.root or '')}. {self._expected()}")
        rows = []
        for path in chosen:
            action = path.name.removesuffix(ending)
            for number, line in enumerate(read_lines(path, form=False), start=1):
                words = line.split()
                if not words:
                    continue
                if len(words) != 2 or words[1] not in _SPLITS:
                    raise DataError(
                        f"{shown(path.name)}, line {number}: '{line.strip()[:60]}' is not 'NAME.avi' and 0, 1 or 2."
                    )
                if _SPLITS[words[1]]:
                    rows.append((_SPLITS[words[1]], action, words[0]))
        check_present([clip for _, _, clip in rows], films, self.root, _LAYOUT)
        return [Listed(films[clip], action, split, _film(clip, action)) for split, action, clip in rows]


def _film(clip: str, action: str) -> str:
    """What stands before the action in "April_09_brush_hair_u_nm_np1_ba_goo_0.avi"."""
    return re.split(rf"_{re.escape(action)}_", clip, maxsplit=1)[0]


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Hmdb51]
