"""What data sets for action recognition derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset


@dataclass
class ActionClips(Dataset):
    """Base of data sets for action recognition: the input of a raw example is a clip, its target the action's name.

    Clips are float32 (T, 3, Y, X), pixels of 0..1 as they look, all of one size; a split may be a `ClipSequence`.
    `RawData.labels` are the class names in the order of their labels.
    """

    task: ClassVar[str] = "action_recognition"
    raw_input: ClassVar[type] = np.ndarray
    raw_target: ClassVar[type] = str
