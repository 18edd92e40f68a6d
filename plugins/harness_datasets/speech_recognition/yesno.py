"""YesNo (OpenSLR 1): sixty recordings of one man who says yes or no eight times in Hebrew, the user's copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.sound.audio_features import FeatureSettings
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.speech_recognition._listed_audio import Utterance, read_utterances
from harness_datasets.speech_recognition._speech_audio import AudioOptions
from harness_datasets.speech_recognition.tones import Tones

HARNESS_CONTRACT = 2

_NAME = re.compile(r"[01](_[01]){7}")
_WORDS = {"0": "no", "1": "yes"}
_VALIDATION = 5


@dataclass
class YesNo(SpokenText, AudioOptions):
    """Names that begin with 0 are for training (31), of which the last five are validation; those with 1 are test (29).

    That is the division of Kaldi's recipe. With one speaker and two words it shows that training works, and no more.

    Fields:
        root: the folder.
    """

    name: ClassVar[str] = "yesno"
    tried: ClassVar[bool] = False

    root: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_audio()
        self.root = None if self.root is None else Path(self.root)

    @property
    def feature_settings(self) -> FeatureSettings:
        """As the options say; 8 kHz unless they name a rate."""
        return self.settings(8_000)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The recordings; what is said stands in their names.

        Raises:
            DataError: the folder or a split is missing, or a file is named otherwise or cannot be used.
        """
        source = self._folder()
        files = sorted(source.files(), key=lambda path: path.name)
        for path in files:
            if not _NAME.fullmatch(path.stem):
                raise DataError(
                    f"{shown(path)} is not named as in YesNo: eight times 0 or 1, as in 0_0_1_0_1_0_0_1.wav."
                )
        spoken = [Utterance(path, " ".join(_WORDS[mark] for mark in path.stem.split("_"))) for path in files]
        learned = [one for one in spoken if one.path.name.startswith("0")]
        test = [one for one in spoken if one.path.name.startswith("1")]
        if len(learned) <= _VALIDATION or not test:
            raise DataError(
                f"{shown(self.root or '')} has {len(learned)} recordings that begin with no and {len(test)} that begin "
                "with yes; YesNo has 31 and 29. Fetch it again."
            )
        splits = {"train": learned[:-_VALIDATION], "val": learned[-_VALIDATION:], "test": test}
        return read_utterances(splits, source, self.feature_settings, self.on_corrupt, [])

    def tiny(self) -> Tones:
        """Strings of one or two generated digits."""
        return Tones.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="CC BY 3.0 as OpenSLR says",
            description="waves_yesno with 60 files named 0_0_0_0_1_1_1_1.wav, as openslr.org/1 publishes them",
            patterns=("**/*.wav",),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [YesNo]
