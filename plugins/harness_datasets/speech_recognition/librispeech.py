"""LibriSpeech (Panayotov et al. 2015): sentences read from books, the user's copy with its official parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from harness_tasks.sound.audio_features import FeatureSettings
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.contract.text import clean
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.data.text_files import read_lines
from harness.errors import DataError
from harness_datasets.speech_recognition._listed_audio import Utterance, read_utterances
from harness_datasets.speech_recognition._speech_audio import AudioOptions
from harness_datasets.speech_recognition.tones import Tones

HARNESS_CONTRACT = 2

_PARTS = (
    "train-clean-100", "train-clean-360", "train-other-500", "dev-clean", "dev-other", "test-clean", "test-other",
)  # fmt: skip
_LAYOUT = "PART/SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt beside SPEAKER-CHAPTER-NNNN.flac, of parts such as dev-clean"


@dataclass
class LibriSpeech(SpokenText, AudioOptions):
    """Texts in lower case. Features are read from disk: train-clean-100 takes 6 GB there as 40 log-mel bands.

    Fields:
        root: the folder LibriSpeech, or the one above it.
        train_parts: for training.
        val_part, test_part: for validation and test.
    """

    name: ClassVar[str] = "librispeech"
    tried: ClassVar[bool] = False
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            "wer",
            7.41,
            "DeepSpeech with LSTM, target of a benchmark (0.0741)",
            "AlgoPerf, LibriSpeech DeepSpeech workload",
            "librispeech.test-clean",
            protocol="960 hours for training; 8 V100, 38,400 steps",
        ),
    )

    root: Path | None = None
    train_parts: list[str] = field(default_factory=lambda: ["train-clean-100"])
    val_part: str = "dev-clean"
    test_part: str = "test-clean"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_audio()
        self.root = None if self.root is None else Path(self.root)
        asked = [*self.train_parts, self.val_part, self.test_part]
        for part in asked:
            if part not in _PARTS:
                raise ValueError(f"'{part}' is no part of LibriSpeech: {', '.join(_PARTS)}.")
        if len(set(asked)) < len(asked) or not self.train_parts:
            raise ValueError(f"the parts {', '.join(asked)} must be different, and one must be for training.")

    @property
    def label(self) -> str:
        """With the part for test: "librispeech.test-clean"."""
        return f"{self.name}.{self.test_part}"

    @property
    def feature_settings(self) -> FeatureSettings:
        """As the options say; 16 kHz unless they name a rate."""
        return self.settings(16_000)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """Every sentence of the parts that are asked for.

        Raises:
            DataError: a part, a list or a recording is missing or damaged; the message says which.
        """
        source = self._folder()
        files = source.files()
        lists = [path for path in files if path.name.endswith(".trans.txt")]
        splits = {
            "train": [one for part in self.train_parts for one in self._part(part, lists)],
            "val": self._part(self.val_part, lists),
            "test": self._part(self.test_part, lists),
        }
        return read_utterances(splits, source, self.feature_settings, self.on_corrupt, lists)

    def tiny(self) -> Tones:
        """Strings of one or two generated digits."""
        return Tones.of_few()

    def _part(self, part: str, lists: Sequence[Path]) -> list[Utterance]:
        own = [path for path in lists if path.parents[2].name == part]
        if not own:
            there = sorted({path.parents[2].name for path in lists})
            raise DataError(
                f"{shown(self.root or '')} has no part {part}; it has {', '.join(there) or 'none'}. Fetch it, or name "
                "others in task.train_parts, task.val_part and task.test_part."
            )
        return [one for path in own for one in _utterances(path)]

    def _folder(self) -> FolderSource:
        asked = [*self.train_parts, self.val_part, self.test_part]
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="CC BY 4.0",
            description=_LAYOUT,
            patterns=tuple(f"**/{part}/*/*/*{ending}" for part in asked for ending in (".trans.txt", ".flac")),
        )


def _utterances(path: Path) -> list[Utterance]:
    """The sentences of a chapter: lines "SPEAKER-CHAPTER-NNNN TEXT".

    Raises:
        DataError: a line has another form, or its recording is missing.
    """
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        name, _, text = line.strip().partition(" ")
        recording = path.parent / f"{name}.flac"
        if not name.startswith(path.name.removesuffix(".trans.txt")) or not text.strip():
            raise DataError(f"{shown(path)}, line {number}: '{line.strip()[:60]}' is not of the form ID TEXT.")
        if not recording.is_file():
            raise DataError(f"{shown(path)}, line {number}: there is no {shown(recording.name)} beside it.")
        found.append(Utterance(recording, clean(text.lower())))
    return found


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [LibriSpeech]
