"""KTH actions (Schüldt et al. 2004): six actions of 25 persons in four scenes, the user's copy, split by person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.errors import DataError
from harness_datasets.action_recognition._listed_videos import Listed, ListedVideos

HARNESS_CONTRACT = 2

_FILM = re.compile(r"person(?P<person>\d\d)_(?P<action>[a-z]+)_d(?P<scene>\d)_uncomp\.avi")
_LAYOUT = "personNN_ACTION_dN_uncomp.avi at any depth, of boxing, handclapping, handwaving, jogging, running, walking"
_PERSONS = {
    **dict.fromkeys((11, 12, 13, 14, 15, 16, 17, 18), "train"),
    **dict.fromkeys((19, 20, 21, 23, 24, 25, 1, 4), "val"),
    **dict.fromkeys((22, 2, 3, 5, 6, 7, 8, 9, 10), "test"),
}


@dataclass
class Kth(ListedVideos):
    """599 films, each whole: published figures are often of the 2,391 repetitions that the films hold.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "kth"
    layout: ClassVar[str] = _LAYOUT
    split_rule: ClassVar[str] = "by person, as 00sequences.txt has it: 8 for training, 8 for validation, 9 for test"

    def listed(self, films: Mapping[str, Path], lists: Sequence[Path]) -> list[Listed]:
        """Every film, by the person in its name."""
        rows = []
        for name, path in films.items():
            match = _FILM.fullmatch(name)
            if not match or int(match["person"]) not in _PERSONS:
                raise DataError(f"{shown(path)} is not named as a film of KTH is. {self._expected()}")
            rows.append(Listed(path, match["action"], _PERSONS[int(match["person"])], match["person"]))
        return rows


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Kth]
