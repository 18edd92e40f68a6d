"""What data sets for music derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset


@dataclass
class StepMusic(Dataset):
    """Base of data sets for music: a piece is a list of steps, a step the list of keys that sound then, low to high.

    Keys are MIDI numbers from 21 to 108, those of a piano; 60 is middle C. The input of a raw example is a piece
    without its last step, its target the piece without its first, so that each step is told from those before it.
    """

    task: ClassVar[str] = "music"
    raw_input: ClassVar[type] = list
    raw_target: ClassVar[type] = list

    @property
    def steps_per_quarter(self) -> float:
        """How many steps a quarter note lasts, for MIDI files."""
        return 1.0
