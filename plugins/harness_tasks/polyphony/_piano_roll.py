"""Pieces as piano rolls: what music keeps of its preparation, and how keys are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.errors import DataError
from harness_tasks.polyphony._midi import midi

LOWEST, KEYS = 21, 88
_PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_NAME = re.compile(r"([A-Ga-g])([#b]?)(-?\d)")
REST = "-"


def key_name(key: int) -> str:
    """The name of a MIDI number: 60 is C4."""
    return f"{_PITCHES[key % 12]}{key // 12 - 1}"


KEY_NAMES = tuple(key_name(LOWEST + k) for k in range(KEYS))


@dataclass(frozen=True)
class PianoRoll(Preprocessing):
    """Steps of keys to 0 and 1 for each of 88 keys.

    Attributes:
        steps_per_quarter: how many steps a quarter note lasts, for MIDI files.
    """

    given_as: ClassVar[Literal["text"]] = "text"
    takes: ClassVar[str] = 'a piece: a list of steps, each a list of MIDI numbers; or a text as "C4+E4+G4 C4+F4 -"'

    steps_per_quarter: float = 1.0

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, 88) of 0 and 1.

        Raises:
            DataError: the source is no piece; names the step.
        """
        return roll(steps_of(source)).astype(np.float32)

    def encode_target(self, answer: Any) -> np.ndarray:
        """int64 (T, 88) of 0 and 1; raises as `encode`."""
        return roll(steps_of(answer))

    def files(self, output: Any) -> Mapping[str, bytes]:
        """A MIDI file."""
        return {"mid": midi(keys_of(np.asarray(output)), self.steps_per_quarter)}

    def example(self, raw: RawExample) -> Example:
        """A piece with what follows each of its steps."""
        source = raw.source or written(steps_of(raw.input))
        return Example(
            raw.id, self.encode(raw.input), self.encode_target(raw.target), (written(steps_of(raw.target)),), source
        )

    def save(self, folder: Path) -> None:
        """Write `piano_roll.json`."""
        content = {"steps_per_quarter": self.steps_per_quarter, "lowest": LOWEST, "keys": KEYS}
        (folder / "piano_roll.json").write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PianoRoll:
        """Read what `save` wrote."""
        content = json.loads((folder / "piano_roll.json").read_text(encoding="utf-8"))
        return cls(float(content["steps_per_quarter"]))


def steps_of(source: Any) -> list[list[int]]:
    """A piece as lists of MIDI numbers, from such lists or from a text.

    Raises:
        DataError: it is none, has no step, or a key is no key of a piano; names the step.
    """
    found = source.split() if isinstance(source, str) else source
    if not isinstance(found, list | tuple) or not found:
        raise DataError(
            "music takes a piece: a list of at least one step, each a list of MIDI numbers from 21 to 108, or a text "
            f'as "C4+E4+G4 C4+F4 -"; not {type(source).__name__ if found else "an empty one"}.'
        )
    return [_step(step, number) for number, step in enumerate(found, start=1)]


def roll(steps: Sequence[Sequence[int]]) -> np.ndarray:
    """int64 (T, 88): 1 where a key sounds."""
    made = np.zeros((len(steps), KEYS), dtype=np.int64)
    for t, step in enumerate(steps):
        made[t, np.asarray(step, dtype=np.int64) - LOWEST] = 1
    return made


def keys_of(made: np.ndarray) -> list[list[int]]:
    """The MIDI numbers of each step of a roll (T, 88)."""
    return [(LOWEST + np.flatnonzero(step)).tolist() for step in made]


def written(steps: Sequence[Sequence[int]]) -> str:
    """Names of keys, "+" between those of a step, blanks between steps."""
    return " ".join("+".join(map(key_name, sorted(set(step)))) or REST for step in steps)


def _step(step: Any, number: int) -> list[int]:
    if isinstance(step, str):
        step = [] if step == REST else [_key(name, number) for name in step.split("+")]
    if not isinstance(step, list | tuple):
        raise DataError(f"Step {number} of the piece is {step!r}; a step is a list of MIDI numbers, as [60, 64, 67].")
    for key in step:
        if isinstance(key, bool) or not isinstance(key, int) or not LOWEST <= key < LOWEST + KEYS:
            raise DataError(
                f"Step {number} of the piece has the key {key!r}; a piano's are the whole numbers from {LOWEST} to "
                f"{LOWEST + KEYS - 1}."
            )
    return sorted(set(step))


def _key(name: str, number: int) -> int:
    if name.isdigit():
        return int(name)
    if not (found := _NAME.fullmatch(name)):
        raise DataError(f"Step {number} of the piece has '{name}', which is no key; write C4, F#3, Bb2 or 60.")
    letter, sign, octave = found.groups()
    return 12 * (int(octave) + 1) + _PITCHES.index(letter.upper()) + {"#": 1, "b": -1, "": 0}[sign]
