"""Speech to text by CTC over characters or words: connected digits out of the box, raw audio from a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.contract.batch import Example, ListSplit, Split, without_input
from harness.contract.dataset import Dataset, RawExample
from harness.contract.dataset_task import DatasetTask
from harness.contract.hookspecs import hookimpl
from harness.contract.metric import Metric
from harness.contract.specs import FrameInput
from harness.contract.task import Loader, Task, TaskData
from harness.contract.text import clean, normal_form
from harness.errors import DataError
from harness.metrics.error_rates import CER, SENTENCE_ACCURACY, WER
from harness.targets import CTCTarget
from harness_tasks.sound._composed_split import ComposedSplit
from harness_tasks.sound._frame_encoder import Normaliser
from harness_tasks.sound._frame_split import FrameSplit
from harness_tasks.sound._recordings import Recordings
from harness_tasks.sound._spec_augment import SpecAugment
from harness_tasks.sound._transcripts import BLANK, Alphabet, frames_needed
from harness_tasks.sound.composed_frames import ComposedFrames
from harness_tasks.sound.deferred_frames import DeferredFrames, without_frames
from harness_tasks.spoken_text import SpokenText

if TYPE_CHECKING:
    import torch

HARNESS_CONTRACT = 2

LARGE = 64 << 20
"""Bytes of frames beyond which a split that lies on disk is not read into memory."""


def _digit_strings() -> Dataset:
    from harness_datasets.speech_recognition.digit_strings import DigitWheel

    return DigitWheel()


class SpokenSymbols(Enum):
    """What a label of CTC stands for."""

    character = "character"
    word = "word"


@dataclass
class SpeechRecognition(DatasetTask):
    """Write down what is said, without alignment.

    Fields:
        dataset: the recordings; see `SpokenText`.
        symbols: what is written at a time: characters, blanks among them, or whole words, of which those that training
            recordings lack can never be written; for a small vocabulary.
        spec_augment, masks: SpecAugment on training inputs.

    Frames are normalised with the mean and deviation of training recordings.
    """

    name: ClassVar[str] = "speech_recognition"
    version: ClassVar[str] = "1"
    dataset_type: ClassVar[type] = SpokenText
    input_type: ClassVar[type[FrameInput]] = FrameInput
    target_type: ClassVar[type[CTCTarget]] = CTCTarget
    metrics: ClassVar[tuple[Metric, ...]] = (WER, CER, SENTENCE_ACCURACY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=32))
    dataset: Dataset = field(default_factory=_digit_strings)
    symbols: SpokenSymbols = SpokenSymbols.character
    spec_augment: bool = False
    masks: SpecAugment = field(default_factory=SpecAugment)

    def __post_init__(self) -> None:
        self.symbols = SpokenSymbols(self.symbols)

    @property
    def max_subsampling(self) -> int:
        """As the data set declares."""
        assert isinstance(self.dataset, SpokenText)
        return self.dataset.subsampling

    def setup(self) -> TaskData:
        """Normalised frames and labels of characters or words.

        Raises:
            DataError: the recordings are missing, out of reach or cannot be used; or one is too short for its text
                at `max_subsampling`.
        """
        raw = self.dataset.read()
        assert isinstance(self.dataset, SpokenText)
        normalise = Normaliser.fit(lambda: _recorded(raw.train))
        words = self.symbols is SpokenSymbols.word
        declared = [] if words else [normal_form(label) for label in raw.labels]
        alphabet = Alphabet.of(declared or _texts(raw.train), words)
        recordings = Recordings(normalise, alphabet, self.dataset.feature_settings)
        notes, splits = dict(raw.notes), {}
        for name, part in (("train", raw.train), ("val", raw.val), ("test", raw.test)):
            splits[name] = _encoded(part, recordings, self.dataset.seconds_per_frame)
            self._check_feasible(part, splits[name])
            unseen = sorted(set(Alphabet.of(_texts(part), words).symbols) - set(alphabet.symbols))
            if unseen:
                notes[f"{name} {self.symbols.value}s unseen in training"] = " ".join(unseen)
        return TaskData(
            splits["train"],
            splits["val"],
            splits["test"],
            FrameInput(normalise.feature_dim),
            CTCTarget(len(alphabet), BLANK, self.max_subsampling),
            preprocessing=recordings,
            augment=self._augment(),
            notes=notes,
        )

    def load_preprocessing(self, folder: Path) -> Recordings:
        """Normalisation, alphabet, and how audio becomes frames where that is known."""
        return Recordings.load(folder)

    def tiny(self) -> SpeechRecognition:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=8))

    def _augment(self) -> Callable[[Example, torch.Generator], Example] | None:
        """SpecAugment, if it is on; no recording gets so short that CTC lacks room for a blank beside every label."""
        assert isinstance(self.dataset, SpokenText)
        if not self.spec_augment:
            return None
        return partial(self.masks, stack=self.dataset.frames_per_step, steps_per_label=2 * self.max_subsampling)

    def _check_feasible(self, raw: Sequence[RawExample], split: Split) -> None:
        """Whether CTC can align every example when time is shortened.

        Raises:
            DataError: one is too short; the message names it and says by how much.
        """
        frames = -(-split.input_lengths // self.max_subsampling)
        # More than that is asked only of texts with doubled letters, so most examples need no second look.
        for index in np.flatnonzero(frames < 2 * split.target_lengths).tolist():
            example = without_input(split, index) or split[index]
            needed = frames_needed(example.target)
            if frames[index] < needed or not needed:
                raise DataError(
                    f"'{example.id}' has {frames[index]} frames after subsampling by {self.max_subsampling}, and its "
                    f"text '{example.references[0]}' needs {max(needed, 1)}. Use a smaller task.subsampling or "
                    "task.hop_ms, or take the file out of its list."
                )


def _recorded(raw: Sequence[RawExample]) -> Iterable[np.ndarray]:
    """The frames (T, F) that the normalisation is fitted on: every recording once."""
    return [raw.table[: raw.recorded]] if isinstance(raw, ComposedFrames) else (one.input for one in raw)


def _texts(raw: Sequence[RawExample]) -> Sequence[str]:
    """What is said in each example."""
    return raw.texts if isinstance(raw, ComposedFrames) else [clean(one.target) for one in without_frames(raw)]


def _encoded(raw: Sequence[RawExample], recordings: Recordings, seconds_per_frame: float | None) -> Split:
    if isinstance(raw, ComposedFrames):
        return ComposedSplit(raw, recordings.normalise, recordings.alphabet, seconds_per_frame)
    step = seconds_per_frame or 0.0
    if isinstance(raw, DeferredFrames):
        lengths = [len(frames) for frames in raw.frames]
        described = [replace(one, seconds=step * t or None) for one, t in zip(raw.described, lengths, strict=True)]
        raw = DeferredFrames(described, raw.frames)
        if 4 * recordings.normalise.feature_dim * sum(lengths) > LARGE:
            return FrameSplit(raw, recordings)
    timed = (replace(one, seconds=one.seconds or step * len(one.input) or None) for one in raw)
    return ListSplit([recordings.example(one) for one in timed])


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [SpeechRecognition]
