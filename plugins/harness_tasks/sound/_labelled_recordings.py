"""Recordings of one class each as normalised frames: what spoken commands keep of their preparation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.errors import DataError
from harness_tasks.sound._frame_encoder import FrameEncoder

_CLASSES = "classes.json"


@dataclass(frozen=True)
class LabelledRecordings(Preprocessing):
    """Audio, or frames as the data set has them, to normalised frames; class names to numbers.

    Attributes:
        encoder: of the sound.
        classes: their names, in the order of their numbers.
    """

    encoder: FrameEncoder
    classes: tuple[str, ...]

    @property
    def takes(self) -> str:
        """As the encoder says."""
        return self.encoder.takes

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, F), normalised; sources and errors as for `FrameEncoder.encode`."""
        return self.encoder.encode(source)

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """Whether a recording has another sample rate."""
        return self.encoder.remarks(source)

    def encode_target(self, answer: Any) -> int:
        """The number of the class.

        Raises:
            DataError: it is no class of this model.
        """
        if answer not in self.classes:
            raise DataError(f"'{answer}' is none of the classes {', '.join(self.classes)}.")
        return self.classes.index(answer)

    def example(self, raw: RawExample) -> Example:
        """Frames and the number of the class."""
        return replace(self.described(raw), input=self.encode(raw.input))

    def described(self, raw: RawExample) -> Example:
        """The example without its frames."""
        return Example(
            raw.id, None, self.encode_target(raw.target), (raw.target,), raw.source or raw.id, dict(raw.units)
        )

    def save(self, folder: Path) -> None:
        """Write `normalisation.json`, `classes.json`, and `features.json` where audio can be encoded."""
        self.encoder.save(folder)
        (folder / _CLASSES).write_text(json.dumps(self.classes), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LabelledRecordings:
        """Read what `save` wrote."""
        classes = json.loads((folder / _CLASSES).read_text(encoding="utf-8"))
        return cls(FrameEncoder.load(folder), tuple(classes))
