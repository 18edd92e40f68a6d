"""Commands from the raw audio of the Free Spoken Digit Dataset: speakers held out, or the official split."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from harness_tasks.sound.audio_features import Features, FeatureSettings
from harness_tasks.spoken_words import SpokenWords

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.corrupt import Unusable, skipped
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.splitting import Shares, by_group
from harness.errors import DataError
from harness_datasets.speech_recognition._speech_audio import AudioOptions, feature_table
from harness_datasets.spoken_commands._command_sets import SPLITS, CommandOptions, Word, command_data
from harness_datasets.spoken_commands.digit_words import COMMANDS, WORDS
from harness_datasets.spoken_commands.tone_commands import ToneCommands

HARNESS_CONTRACT = 2

_NAME = re.compile(r"(\d)_([^_]+)_(\d+)")


class HeldOut(Enum):
    """What test recordings have that training recordings do not."""

    speakers = "speakers"
    recordings = "recordings"


@dataclass
class FsddCommands(SpokenWords, AudioOptions, CommandOptions):
    """Recordings at 8 kHz; zero to five are commands, six to nine are not, unless `commands` says otherwise.

    Fields:
        root: a folder of files named digit_speaker_index.wav.
        held_out: speakers: one speaker is for test, one for validation, the others for training, by the hash of their
            names; recordings: the official split, in which every speaker is in every part (index 0-4 is test; of the
            official training part, 5-9 is validation, 10-49 training).
    """

    name: ClassVar[str] = "fsdd"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            "accuracy",
            98.41,
            "bidirectional LSTM, 1 × 50, on 39 MFCCs",
            "github.com/eonu/fsdd, README",
            "fsdd.recordings",
            model="bilstm",
            protocol="ten digits; 2,000 recordings of 4 speakers, who are in every split; 15 epochs",
            split="a random tenth of the recordings",
            options={"task.clip_seconds": 0.0},
        ),
    )

    root: Path | None = None
    held_out: HeldOut = HeldOut.speakers

    def __post_init__(self) -> None:
        self.check_audio()
        self.check_commands()
        self.held_out = HeldOut(self.held_out)
        self.root = None if self.root is None else Path(self.root)

    @property
    def label(self) -> str:
        """What is held out: "fsdd.speakers", "fsdd.recordings"."""
        return f"{self.name}.{self.held_out.value}"

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def prepare(self) -> None:
        """Compute the features of every file, once.

        Raises:
            DataError: the folder is missing or empty, or a file cannot be used and `on_corrupt` is refuse.
        """
        self._words()

    def read(self) -> RawData:
        """Clips, running audio of the unknown digits, and looks at the commands.

        Raises:
            DataError: as for `prepare`; or a split has no recording.
        """
        words, notes = self._words()
        data = command_data(words, self.commands or COMMANDS, self, self.hop_ms / 1000, self._energy)
        data.notes = notes | data.notes
        return data

    @property
    def feature_settings(self) -> FeatureSettings:
        """As the options say; 8 kHz unless they name a rate."""
        return self.settings(8_000)

    def tiny(self) -> ToneCommands:
        """Generated digits."""
        return ToneCommands.of_few()

    def _energy(self, frames: np.ndarray) -> np.ndarray:
        return frames.mean(axis=1) if self.features is Features.log_mel else frames[:, 0]

    def _words(self) -> tuple[dict[str, list[Word]], dict[str, str | int | float]]:
        source = self._folder()
        root, files = source.fetch(), source.files()
        names = {path.relative_to(root).as_posix(): _NAME.fullmatch(path.stem) for path in files}
        table = feature_table(root, files, self.feature_settings, source)
        wrong = {
            n: Unusable("misnamed", f"{shown(PurePosixPath(n).name)} is not named digit_speaker_index.wav.")
            for n, found in names.items()
            if not found
        }
        notes = skipped(table.unusable | wrong, self.on_corrupt) | table.notes | source.unused(files)
        usable = {name: found.groups() for name, found in names.items() if found and name in table.frames}
        speakers = {name: speaker for name, (_, speaker, _) in usable.items()}
        if self.held_out is HeldOut.speakers:
            if len(set(speakers.values())) < len(SPLITS):
                raise DataError(
                    f"The folder {source.root} has recordings of {len(set(speakers.values()))} speakers; three are "
                    "needed to hold some out. Use task.held_out=recordings."
                )
            parts = by_group(list(speakers.values()), Shares(1 / 6, 1 / 6), named="speaker")
            order = list(usable)
            split = {order[i]: part for part in SPLITS for i in getattr(parts, part).tolist()}
            for part in SPLITS:
                notes[f"{part} speakers"] = ", ".join(sorted({speakers[n] for n in order if split[n] == part}))
        else:
            split = {name: _official(int(index)) for name, (_, _, index) in usable.items()}
            notes["speakers"] = f"{len(set(speakers.values()))}, each in every split (the official split)"
        words: dict[str, list[Word]] = {part: [] for part in SPLITS}
        for name, (digit, _, _) in usable.items():
            words[split[name]].append(Word(PurePosixPath(name).stem, WORDS[int(digit)], table.frames.recording(name)))
        return words, notes

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="fsdd",
            root=self.root,
            licence="CC BY-SA 4.0",
            description="wav files named digit_speaker_index.wav, as the Free Spoken Digit Dataset publishes them",
            patterns=("**/*.wav",),
        )


def _official(index: int) -> str:
    return "test" if index < 5 else "val" if index < 10 else "train"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [FsddCommands]
