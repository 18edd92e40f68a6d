"""What data sets for speech recognition derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset
from harness_tasks.sound.audio_features import FeatureSettings


@dataclass
class SpokenText(Dataset):
    """Base of data sets for speech recognition: the input of a raw example is frames, its target what is said.

    Frames are float32 (T, F), not normalised; text is lower-case, and the task brings it into Unicode NFC with single
    blanks. A split may be a `ComposedFrames`, whose examples share recordings. `RawData.labels` are the characters of
    the text, where those of training are not all of them.

    Fields:
        subsampling: the largest factor by which time may be shortened with every text still fitting (CTC); checked
            for every example.
    """

    task: ClassVar[str] = "speech_recognition"
    raw_input: ClassVar[type] = np.ndarray
    raw_target: ClassVar[type] = str

    subsampling: int = 1

    def __post_init__(self) -> None:
        if self.subsampling < 1:
            raise ValueError(f"task.subsampling is {self.subsampling}; it must be at least 1.")

    @property
    def feature_settings(self) -> FeatureSettings | None:
        """How frames are computed from audio, so that trained models take audio; None: the frames came ready-made."""
        return None

    @property
    def seconds_per_frame(self) -> float | None:
        """From the start of one frame to the next; None: not known."""
        settings = self.feature_settings
        return None if settings is None else settings.hop_ms / 1000

    @property
    def frames_per_step(self) -> int:
        """How many frames of audio stand side by side in one step of the input."""
        return 1
