"""MSVD (Chen and Dolan 2011): the user's films or features, with the usual split of captions into three files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness_datasets.video_captioning._captioned_films import Captioned, CaptionedFilms

HARNESS_CONTRACT = 2

_LISTS = {"train": "sents_train_lc_nopunc.txt", "val": "sents_val_lc_nopunc.txt", "test": "sents_test_lc_nopunc.txt"}
_NAMES = "youtube_mapping.txt"


@dataclass
class Msvd(CaptionedFilms):
    """1,970 films with some forty captions each: 1,200 for training, 100 for validation, 670 for test.

    Captions are lines 'vid7<TAB>a man is cooking'; `youtube_mapping.txt`, lines 'mv89psg6zh4_33_46 vid7', says which
    film that is. A film or an `.npy` file may have either name. Tried on the original captions, not on its films.
    """

    name: ClassVar[str] = "msvd"
    tried: ClassVar[bool] = False

    @property
    def lists(self) -> tuple[str, ...]:
        """The captions, and the films' names."""
        return (*_LISTS.values(), _NAMES)

    @property
    def expected(self) -> str:
        """What the folder holds."""
        return f"{', '.join(_LISTS.values())}, {_NAMES}, and the films or their features"

    def listed(self, root: Path) -> list[Captioned]:
        """All films with their captions.

        Raises:
            DataError: a file is missing, a line is no pair, or a film is in two splits.
        """
        names = _names(root / _NAMES) if (root / _NAMES).is_file() else {}
        captions: dict[str, list[str]] = {}
        split: dict[str, str] = {}
        for part, name in _LISTS.items():
            if not (root / name).is_file():
                raise DataError(f"{shown(root / name)} is missing. Expected: {self.expected}.")
            for number, line in enumerate(read_lines(root / name), start=1):
                if not line.strip():
                    continue
                film, tab, text = line.partition("\t")
                if not (tab and film.strip() and text.strip()):
                    raise DataError(
                        f"{shown(root / name)}, line {number}: expected 'vid7<TAB>a caption', found {line[:80]!r}."
                    )
                if split.setdefault(film, part) != part:
                    raise DataError(
                        f"{shown(root / name)}, line {number}: '{shown(film)}' has captions in {_LISTS[split[film]]} "
                        "too. A film is in one split."
                    )
                captions.setdefault(film, []).append(" ".join(text.split()))
        there = {path.stem for path in self._folder().files()}
        return [
            Captioned(film, film if film in there else names.get(film, film), split[film], tuple(said))
            for film, said in captions.items()
        ]


def _names(path: Path) -> dict[str, str]:
    """The name of a film on YouTube by its number in the captions."""
    found = {}
    for number, line in enumerate(read_lines(path, form=False), start=1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 2:
            raise DataError(f"{shown(path)}, line {number}: expected 'NAME vid7', found {line[:80]!r}.")
        found[parts[1]] = parts[0]
    return found


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Msvd]
