"""Speech Commands v2 (Warden 2018): the user's copy, with its published lists; speakers are in one split each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.errors import DataError
from harness_datasets.spoken_commands._word_folders import LISTS, Spoken, WordFolders

HARNESS_CONTRACT = 2

TEN = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


@dataclass
class SpeechCommands(WordFolders):
    """One-second clips of 35 words at 16 kHz.

    Fields:
        words: 12: ten commands, "unknown" for the other 25 words and "silence" from `_background_noise_`, each about
            as many as a command has; 35: every word is a class, and there is no running audio.

    The lists of the archive decide the splits. The test set of 12 classes is made here, of the words in
    testing_list.txt; the archive speech_commands_test_set_v0.02, which holds another choice of them, is not read.
    """

    name: ClassVar[str] = "speech_commands"
    tried: ClassVar[bool] = False

    words: int = 12

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.words not in (12, 35):
            raise ValueError(f"task.words is {self.words}; Speech Commands is used with 12 or 35 classes.")

    @property
    def label(self) -> str:
        """With the number of classes: "speech_commands.12"."""
        return f"{self.name}.{self.words}"

    @property
    def licence(self) -> str:
        """Of the data."""
        return "CC BY 4.0"

    @property
    def expected(self) -> str:
        """What the archive unpacks to."""
        return (
            "speech_commands_v0.02.tar.gz, unpacked: a folder for each word, '_background_noise_', "
            f"{' and '.join(LISTS.values())}"
        )

    @property
    def with_silence(self) -> bool:
        """Of the 12 classes only."""
        return self.words == 12

    def chosen(self, words: Sequence[str]) -> Sequence[str]:
        """The ten, or all."""
        return TEN if self.words == 12 else list(words)

    def divided(self, spoken: Sequence[Spoken]) -> tuple[dict[str, list[Spoken]], str]:
        """Never: the lists belong to the data set.

        Raises:
            DataError: they are missing.
        """
        raise DataError(
            f"{shown(str(self.root))} has neither {' nor '.join(LISTS.values())}, which divide Speech Commands. "
            f"Expected: {self.expected}. For a folder without lists use task.dataset=folder."
        )

    def kept(self, parts: Mapping[str, list[Spoken]]) -> dict[str, list[Spoken]]:
        """With 12 classes, as many unknown words as a command has recordings on average, chosen by a hash."""
        commands = set(self.commands or TEN)
        if self.words == 35:
            return dict(parts)
        found = {}
        for split, spoken in parts.items():
            others = sorted((one for one in spoken if one.word not in commands), key=_hash)
            mean = (len(spoken) - len(others)) // max(1, len(commands))
            few = {one.path for one in others[: max(1, mean)]}
            found[split] = [one for one in spoken if one.word in commands or one.path in few]
        return found


def _hash(one: Spoken) -> bytes:
    return hashlib.sha256(one.path.encode("utf-8", "surrogatepass")).digest()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [SpeechCommands]
