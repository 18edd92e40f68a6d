"""Pieces of one's own or of a published set (Nottingham, MuseData) as JSON: train, valid and test in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.step_music import StepMusic

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.music._pieces import raw_pieces, read_json, refuse_pickles
from harness_datasets.music.toy_chords import ToyChords

HARNESS_CONTRACT = 2

_BAI = "Bai, Kolter, Koltun 2018, 'An Empirical Evaluation of Generic Convolutional and Recurrent Networks', Table 1"
_EXPECTED = (
    'one .json file: {"train": [piece, ...], "valid": [...], "test": [...]}, a piece being a list of steps and a step '
    "the list of MIDI numbers that sound"
)
_CONVERT = (
    "Convert it where you trust it: python -c \"import json, pickle; d = pickle.load(open('Nottingham.pickle', 'rb')); "
    "json.dump({k: [[[int(n) for n in s] for s in p] for p in v] for k, v in d.items()}, "
    "open('nottingham.json', 'w'))\""
)


def _figure(value: float, system: str, model: str = "") -> Reference:
    return Reference(
        "nll",
        value,
        system,
        _BAI,
        "nottingham",
        model=model,
        protocol="published split, 1 M parameters, the first step given; nats a step over 88 keys",
        options={"task.transpose": 0},
    )


@dataclass
class Nottingham(StepMusic):
    """British and American folk tunes with chords, as steps of a JSON file; any other file of that form, too.

    Pickles, in which the set was first published, are not read, since reading one runs code.

    Fields:
        root: the folder, or one file.
    """

    name: ClassVar[str] = "nottingham"
    tried: ClassVar[bool] = False
    references: ClassVar[tuple[Reference, ...]] = (
        _figure(3.29, "LSTM, 3 × 280 or 1 × 500", "lstm"),
        _figure(3.46, "GRU"),
        _figure(4.05, "RNN", "rnn"),
        _figure(3.07, "temporal convolutional network"),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The file's split.

        Raises:
            DataError: the folder is missing, holds pickles or several files, or the file is not what it should be.
        """
        source = self._folder()
        if source.root is not None and source.root.is_dir():
            refuse_pickles(source.root, _CONVERT)
        files = source.files()
        if len(files) > 1:
            names = ", ".join(shown(path.name) for path in files[:5])
            raise DataError(f"There are {len(files)} .json files, and one is expected: {names}.")
        return raw_pieces(read_json(files[0]), dict(source.unused(files)))

    def tiny(self) -> ToyChords:
        """Toy chords."""
        return ToyChords()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="nottingham",
            root=self.root,
            licence="as its source says; the user's own copy",
            description=_EXPECTED,
            patterns=("*.json",),
            or_file=True,
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Nottingham]
