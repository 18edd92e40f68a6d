"""Generated commands for tests: six of ten digits whose letters are fixed vectors with noise (synthetic)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.spoken_words import SpokenWords

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.speech_recognition.tones import tone_recordings
from harness_datasets.spoken_commands._command_sets import CommandOptions, Word, command_data
from harness_datasets.spoken_commands.digit_words import COMMANDS, WORDS

HARNESS_CONTRACT = 2


@dataclass
class ToneCommands(SpokenWords, CommandOptions):
    """Four training recordings of each digit, two for each other split, 8 features, frames 25 ms apart."""

    name: ClassVar[str] = "tone_commands"

    def __post_init__(self) -> None:
        self.check_commands()

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"seed": self.data_seed, "version": 1}
        return (GeneratedSource("tone_commands", recipe, "Letters as noisy fixed vectors."),)

    def read(self) -> RawData:
        """As the recipe says."""
        found = tone_recordings(4, 8, self.data_seed)
        words = {split: [Word(one.id, WORDS[one.digit], one.frames) for one in ones] for split, ones in found.items()}
        return command_data(words, self.commands or COMMANDS, self, 0.025, lambda frames: np.abs(frames).sum(axis=1))

    @classmethod
    def of_few(cls) -> ToneCommands:
        """Clips of half a second, and six seconds of running audio."""
        return cls(clip_seconds=0.5, running_minutes=0.1)

    def tiny(self) -> ToneCommands:
        """Short clips, little running audio."""
        return self.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ToneCommands]
