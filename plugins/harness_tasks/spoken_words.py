"""What data sets for spoken commands derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset
from harness_tasks.sound.audio_features import FeatureSettings


@dataclass
class SpokenWords(Dataset):
    """Base of data sets for spoken commands: the input of a raw example is frames, its target a class name.

    Frames are float32 (T, F), not normalised. `RawData.labels` are the names of all classes: the commands, then
    "unknown" for other words and "silence" for none, where the data has such. A test split also holds looks at running
    audio (`harness_tasks.sound.running_audio`).
    """

    task: ClassVar[str] = "spoken_commands"
    raw_input: ClassVar[type] = np.ndarray
    raw_target: ClassVar[type] = str

    @property
    def feature_settings(self) -> FeatureSettings | None:
        """How frames are computed from audio, so that trained models take audio; None: the frames came ready-made."""
        return None
