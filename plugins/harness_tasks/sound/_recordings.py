"""Recordings as normalised frames: what speech recognition keeps of its preparation, for training and new audio."""

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
from harness.contract.text import clean
from harness_tasks.sound._frame_encoder import FrameEncoder, Normaliser
from harness_tasks.sound._transcripts import Alphabet
from harness_tasks.sound.audio_features import FeatureSettings

_VOCABULARY = "vocabulary.json"


@dataclass(frozen=True)
class Recordings(Preprocessing):
    """Audio, or frames as the data set has them, to normalised frames; text to labels and back.

    Attributes:
        normalise: fitted on training frames.
        alphabet: the characters or words of texts.
        features: how waves become frames; None: the data set brought frames, and how is not known here.
    """

    normalise: Normaliser
    alphabet: Alphabet
    features: FeatureSettings | None

    @property
    def takes(self) -> str:
        """Frames, and audio where it is known how frames are computed from it."""
        return self._encoder.takes

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, F), normalised; sources and errors as for `FrameEncoder.encode`."""
        return self._encoder.encode(source)

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """Whether a recording has another sample rate."""
        return self._encoder.remarks(source)

    def encode_target(self, answer: Any) -> np.ndarray:
        """int64 (U,): labels of characters or words; those outside the alphabet are left out."""
        return self.alphabet.encode(answer)

    def decode(self, ids: Sequence[int]) -> str:
        """The text."""
        return self.alphabet.decode(ids)

    def example(self, raw: RawExample) -> Example:
        """Frames and labels."""
        return replace(self.described(raw), input=self.encode(raw.input))

    def described(self, raw: RawExample) -> Example:
        """The example without its frames."""
        labels = self.encode_target(raw.target)
        return Example(raw.id, None, labels, (clean(raw.target),), raw.source or raw.id, raw.units)

    def save(self, folder: Path) -> None:
        """Write `normalisation.json`, `vocabulary.json`, and `features.json` where audio can be encoded."""
        self._encoder.save(folder)
        kind = "words" if self.alphabet.words else "characters"
        (folder / _VOCABULARY).write_text(json.dumps({kind: self.alphabet.symbols}), encoding="ascii")

    @classmethod
    def load(cls, folder: Path) -> Recordings:
        """Read what `save` wrote."""
        encoder = FrameEncoder.load(folder)
        [(kind, symbols)] = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8")).items()
        return cls(encoder.normalise, Alphabet(symbols, words=kind == "words"), encoder.features)

    @property
    def _encoder(self) -> FrameEncoder:
        return FrameEncoder(self.normalise, self.features)
