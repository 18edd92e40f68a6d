"""JSB Chorales: Bach's chorales in the split of Boulanger-Lewandowski et al., the user's own copy as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.step_music import StepMusic

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.contract.task import Reference
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.music._pieces import raw_pieces, read_json, refuse_pickles
from harness_datasets.music.toy_chords import ToyChords

HARNESS_CONTRACT = 2

_BAI = "Bai, Kolter, Koltun 2018, 'An Empirical Evaluation of Generic Convolutional and Recurrent Networks', Table 1"
_STEPS = {"quarter": 1.0, "8th": 2.0, "16th": 4.0}
_EXPECTED = "jsb-chorales-quarter.json (or -8th, -16th), from github.com/czhuang/JSB-Chorales-dataset"


def _figure(value: float, system: str, model: str = "") -> Reference:
    return Reference(
        "nll",
        value,
        system,
        _BAI,
        "jsb_chorales.quarter",
        model=model,
        protocol="quarter notes, published split, 300 K parameters, the first step given; nats a step over 88 keys",
        test_examples=77,
        options={"task.transpose": 0},
    )


@dataclass
class JsbChorales(StepMusic):
    """382 chorales (229 / 76 / 77); held and repeated notes are the same.

    A chorale that stands in a held-out split too is left out of training.

    Fields:
        root: the folder.
        step: length of a step: "quarter", as published figures have it, "8th" or "16th".
    """

    name: ClassVar[str] = "jsb_chorales"
    references: ClassVar[tuple[Reference, ...]] = (
        _figure(8.45, "LSTM, 2 × 200", "lstm"),
        _figure(8.43, "GRU"),
        _figure(8.91, "RNN", "rnn"),
        _figure(8.10, "temporal convolutional network"),
    )

    root: Path | None = None
    step: str = option("quarter", choices=tuple(_STEPS))

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        if self.step not in _STEPS:
            raise ValueError(f"task.step is '{self.step}'; it must be one of {', '.join(_STEPS)}.")

    @property
    def label(self) -> str:
        """With the length of a step: "jsb_chorales.quarter"."""
        return f"{self.name}.{self.step}"

    @property
    def steps_per_quarter(self) -> float:
        """Of the chosen length."""
        return _STEPS[self.step]

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split.

        Raises:
            DataError: the folder or the file is missing, pickled, or not what it should be.
        """
        source = self._folder()
        root = source.root if source.root is not None and source.root.is_dir() else None
        if root is not None:
            refuse_pickles(root, f"Use the JSON of the same data: {_EXPECTED}.")
        path = source.fetch() / f"jsb-chorales-{self.step}.json"
        if not path.is_file():
            raise DataError(f"There is no {path.name} in {shown(path.parent)}. Expected: {_EXPECTED}.")
        return raw_pieces(read_json(path), dict(source.unused([path], "another length of step")))

    def tiny(self) -> ToyChords:
        """Toy chords."""
        return ToyChords()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="jsb_chorales",
            root=self.root,
            licence="unstated; Bach's music is in the public domain",
            description=_EXPECTED,
            patterns=("jsb-chorales-*.json",),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [JsbChorales]
