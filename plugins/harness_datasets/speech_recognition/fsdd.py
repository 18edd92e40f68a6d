"""The Free Spoken Digit Dataset from raw audio: the user's copy of its wav files, with the official split."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from harness_tasks.sound.audio_features import Features, FeatureSettings

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.corrupt import Unusable, skipped
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.speech_recognition._digit_strings import Notes, Recording, Splits, SpokenDigits
from harness_datasets.speech_recognition._speech_audio import AudioOptions, feature_table
from harness_datasets.speech_recognition.tones import Tones

HARNESS_CONTRACT = 2

_NAME = re.compile(r"(\d)_([^_]+)_(\d+)")


@dataclass
class Fsdd(SpokenDigits, AudioOptions):
    """Digits of six speakers; index 0-4 is test; of the official training part, 5-9 is validation, 10-49 training.

    Fields:
        root: a folder of files named digit_speaker_index.wav.
    """

    name: ClassVar[str] = "fsdd"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            "sentence_accuracy",
            98.41,
            "bidirectional LSTM, 1 × 50, on 39 MFCCs",
            "github.com/eonu/fsdd, README",
            "fsdd.isolated",
            model="bilstm",
            protocol="2,000 recordings of 4 speakers, who are in every split; 15 epochs",
            split="a random tenth of the recordings",
        ),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_audio()
        self.root = None if self.root is None else Path(self.root)

    @property
    def label(self) -> str:
        """Whether the digits are alone: "fsdd.isolated", "fsdd.strings"."""
        return f"{self.name}.{'strings' if self.strings else 'isolated'}"

    @property
    def frame_hop_ms(self) -> float:
        """As the features are computed."""
        return self.hop_ms

    def energy(self, frames: np.ndarray) -> np.ndarray:
        """Loudness of frames (N, F), (N,): the mean of the mel bands, or the first cepstral coefficient."""
        return frames.mean(axis=1) if self.features is Features.log_mel else frames[:, 0]

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def recordings(self) -> tuple[Splits, Notes]:
        """Features of every file.

        Raises:
            DataError: the folder is missing or empty; a file cannot be used and `on_corrupt` is refuse; or a split
                has no recording.
        """
        source = self._folder()
        root = source.fetch()
        files = source.files()
        named = {path.relative_to(root).as_posix(): _NAME.fullmatch(path.stem) for path in files}
        table = feature_table(root, files, self.feature_settings, source)
        wrong = {
            n: Unusable("misnamed", f"{shown(PurePosixPath(n).name)} is not named digit_speaker_index.wav.")
            for n, found in named.items()
            if not found
        }
        notes = skipped(table.unusable | wrong, self.on_corrupt) | table.notes | source.unused(files)
        splits: Splits = {split: [] for split in ("train", "val", "test")}
        speakers = set()
        for name, found in named.items():
            if found is None or name not in table.frames:
                continue
            digit, speaker, index = found.groups()
            split = "test" if int(index) < 5 else "val" if int(index) < 10 else "train"
            splits[split].append(Recording(PurePosixPath(name).stem, int(digit), table.frames[name]))
            speakers.add(speaker)
        for split, recordings in splits.items():
            if not recordings:
                raise DataError(
                    f"The folder {source.root} has no usable recording for the {split} split; "
                    "the official split takes index 0-4 for test, 5-9 for validation and 10-49 for training."
                )
        return splits, notes | {
            "speakers": f"{len(speakers)}, each in every split (the official split is by recording)"
        }

    @property
    def feature_settings(self) -> FeatureSettings:
        """As the options say; 8 kHz unless they name a rate."""
        return self.settings(8_000)

    def tiny(self) -> Tones:
        """Strings of one or two generated digits."""
        return Tones.of_few(strings=self.strings)

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="fsdd",
            root=self.root,
            licence="CC BY-SA 4.0",
            description="wav files named digit_speaker_index.wav, as the Free Spoken Digit Dataset publishes them",
            patterns=("**/*.wav",),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Fsdd]
