"""Bach's four-part chorales from the scores in a pinned music21 wheel, as steps of quarter notes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from harness_tasks.step_music import StepMusic

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.data.cache import build_once, cache_dir
from harness.data.sources import Source, WheelSource
from harness.data.splitting import by_group
from harness_datasets.music._music_xml import Note, read_parts, sampled
from harness_datasets.music._pieces import Piece, raw_pieces
from harness_datasets.music.toy_chords import ToyChords

HARNESS_CONTRACT = 2

SOURCE = WheelSource(
    name="bach_chorales",
    distribution="music21",
    version="10.5.1",
    sha256="dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1",
    size_mb=20.1,
    licence="BSD-3-Clause package; scores typed in by M. Greentree, used by permission; Bach's music is public domain",
    description="Scores of J. S. Bach's chorales in MusicXML",
)
FILES = "music21/corpus/bach/bwv*.mxl"
PARTS = 4
_LENGTHS = {"quarter": Fraction(1), "8th": Fraction(1, 2), "16th": Fraction(1, 4)}
_MELODY = 12
"""So many first notes of the melody make two chorales settings of one tune."""


@dataclass
class BachChorales(StepMusic):
    """Scores of exactly four parts; settings of one tune stand in one split.

    The keys that sound at the beginning of each step are kept; held and repeated notes are the same.

    Fields:
        step: length of a step: "quarter", "8th" or "16th".
        voices: "all", or "soprano", the melody alone.
    """

    name: ClassVar[str] = "bach_chorales"

    step: str = option("quarter", choices=tuple(_LENGTHS))
    voices: str = option("all", choices=("all", "soprano"))

    def __post_init__(self) -> None:
        if self.step not in _LENGTHS:
            raise ValueError(f"task.step is '{self.step}'; it must be one of {', '.join(_LENGTHS)}.")
        if self.voices not in ("all", "soprano"):
            raise ValueError(f"task.voices is '{self.voices}'; it must be all or soprano.")

    @property
    def label(self) -> str:
        """With the length of a step, and the voice where it is one: "bach_chorales.quarter"."""
        return f"{self.name}.{self.step}" + ("" if self.voices == "all" else f".{self.voices}")

    @property
    def steps_per_quarter(self) -> float:
        """Of the chosen length."""
        return float(1 / _LENGTHS[self.step])

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (SOURCE,)

    def prepare(self) -> None:
        """Fetch the wheel and read its scores, once.

        Raises:
            DataError: the wheel is out of reach, or a score cannot be read.
        """
        super().prepare()
        self._prepared()

    def read(self) -> RawData:
        """Chorales by their number in the catalogue (BWV), whole tunes in a split.

        Raises:
            DataError: as for `prepare`.
        """
        found: dict[str, Any] = json.loads((self._prepared() / "pieces.json").read_text(encoding="utf-8"))
        names: list[str] = list(found["pieces"])
        parts = by_group([found["tunes"][name] for name in names], named="tune")
        splits: dict[str, list[tuple[str, Piece]]] = {}
        for split, where in (("train", parts.train), ("val", parts.val), ("test", parts.test)):
            splits[split] = [(names[i], found["pieces"][names[i]]) for i in where.tolist()]
        rule = f"{parts.rule}, its first {_MELODY} notes apart from key and rhythm"
        return raw_pieces(splits, {"split": rule, "scores of other than four parts, left out": found["left_out"]})

    def tiny(self) -> ToyChords:
        """Toy chords."""
        return ToyChords()

    def _prepared(self) -> Path:
        """The folder of the pieces."""

        def build(folder: Path) -> None:
            content = read_scores(_LENGTHS[self.step], melody=self.voices == "soprano")
            (folder / "pieces.json").write_text(json.dumps(content), encoding="utf-8")

        return build_once(cache_dir() / "prepared" / f"bach_chorales-{self.fingerprint()[:16]}", build)


def read_scores(step: Fraction, *, melody: bool, source: WheelSource = SOURCE) -> dict[str, Any]:
    """{"pieces": {name: steps}, "tunes": {name: the tune's intervals}, "left_out": how many have other parts}.

    Raises:
        DataError: the wheel is out of reach, or a score cannot be read.
    """
    pieces: dict[str, Piece] = {}
    tunes: dict[str, str] = {}
    left_out = 0
    for member, content in source.read_members(source.members(FILES)).items():
        parts = [part for part in read_parts(content, member) if part]
        if len(parts) != PARTS:
            left_out += 1
            continue
        name = PurePosixPath(member).stem
        pieces[name] = sampled(parts[:1] if melody else parts, step)
        tunes[name] = tune(parts[0])
    return {"pieces": pieces, "tunes": tunes, "left_out": left_out}


def tune(melody: list[Note]) -> str:
    """The first intervals between a melody's different notes, in semitones: the same in every key and rhythm."""
    keys = [key for _, _, key in sorted(melody)]
    moves = [b - a for a, b in pairwise(keys) if a != b]
    return " ".join(map(str, moves[: _MELODY - 1]))


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [BachChorales]
