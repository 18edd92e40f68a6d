"""Six spoken digits as commands, four as unknown words: the recordings of the Free Spoken Digit Dataset in a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness_tasks.spoken_words import SpokenWords

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import Source
from harness_datasets.speech_recognition.digit_strings import SOURCE, wheel_recordings
from harness_datasets.spoken_commands._command_sets import CommandOptions, Word, command_data
from harness_datasets.spoken_commands.digit_words import COMMANDS, WORDS
from harness_datasets.spoken_commands.tone_commands import ToneCommands

HARNESS_CONTRACT = 2


@dataclass
class DigitCommands(SpokenWords, CommandOptions):
    """Recordings as 13 MFCCs a frame, 25 ms apart; zero to five are commands, six to nine are not.

    The wheel names no speakers, so each may be heard in every split: scores say nothing about new speakers.
    """

    name: ClassVar[str] = "digit_commands"

    def __post_init__(self) -> None:
        self.check_commands()

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (SOURCE,)

    def read(self) -> RawData:
        """Clips of a second, running audio of the unknown words, and looks at the commands.

        Raises:
            DataError: the wheel is missing, out of reach or not as published; or `commands` names no digit.
        """
        found = wheel_recordings()
        words = {split: [Word(one.id, WORDS[one.digit], one.frames) for one in ones] for split, ones in found.items()}
        data = command_data(words, self.commands or COMMANDS, self, 0.025, lambda frames: frames[:, 0])
        data.notes["speakers"] = "unknown: the data set names none, so a speaker may be heard in every split"
        return data

    def tiny(self) -> ToneCommands:
        """Generated digits."""
        return ToneCommands.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [DigitCommands]
