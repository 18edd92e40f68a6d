"""How audio, or frames that came ready-made, become normalised frames; part of what every model of sound keeps."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError
from harness_tasks.sound.audio_features import Features, FeatureSettings, frames_of, frames_of_file
from harness_tasks.sound.audio_files import mono

_FEATURES, _NORMALISATION = "features.json", "normalisation.json"
_AT_ONCE = 1 << 15  # frames


@dataclass(frozen=True)
class Normaliser:
    """Frames (T, F) to mean 0 and deviation 1, feature by feature.

    Attributes:
        mean, deviation: float64 (F,).
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, training: Callable[[], Iterable[np.ndarray]]) -> Normaliser:
        """From training frames (T, F), which are read twice and need not be in memory together."""
        count = sum(map(len, training()))
        mean = _sum(training()) / count
        deviation = np.sqrt(_sum(training(), mean) / count)
        return cls(mean, np.maximum(deviation, 1e-5))

    @property
    def feature_dim(self) -> int:
        """F."""
        return len(self.mean)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        centred = frames - self.mean  # float64
        centred /= self.deviation
        return centred.astype(np.float32)


def _sum(recordings: Iterable[np.ndarray], mean: np.ndarray | None = None) -> np.ndarray:
    """float64 (F,): the sum of frames, or of their squared distances from a mean; as of all frames in one array."""
    total = None
    for frames in _blocks(recordings):
        values = frames.astype(np.float64) if mean is None else np.square(frames - mean)
        total = (values if total is None else np.concatenate([total[None], values])).sum(axis=0)
    assert total is not None, "there are no frames"
    return total


def _blocks(recordings: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same frames in arrays of about `_AT_ONCE`."""
    held: list[np.ndarray] = []
    count = 0
    for frames in recordings:
        held.append(frames)
        count += len(frames)
        if count >= _AT_ONCE:
            yield np.concatenate(held)
            held, count = [], 0
    if held:
        yield np.concatenate(held)


@dataclass(frozen=True)
class FrameEncoder:
    """Audio, or frames as the data set has them, to normalised frames.

    Attributes:
        normalise: fitted on training frames.
        features: how waves become frames; None: the data set brought frames, and how is not known here.
    """

    normalise: Normaliser
    features: FeatureSettings | None

    @property
    def takes(self) -> str:
        """Frames, and audio where it is known how frames are computed from it."""
        frames = f"frames (T, {self.normalise.feature_dim}) as an array, not normalised"
        return frames if self.features is None else f"an audio file's path, (waveform, rate), or {frames}"

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, F), normalised.

        Args:
            source: an audio file's path; (waveform, rate), the waveform (samples,) or (samples, channels); or frames
                (T, F) that are not normalised.

        Raises:
            DataError: it is none of these, cannot be read, or is audio where only frames are understood.
        """
        return self.normalise(self._frames(source))

    def remarks(self, source: Any) -> tuple[str, ...]:
        """Whether a recording has another sample rate."""
        if self.features is None or not isinstance(source, str | Path | tuple):
            return ()
        rate = int(source[1]) if isinstance(source, tuple) else _rate_of(Path(source))
        wanted = self.features.sample_rate
        return (f"resampled from {rate:,} to {wanted:,} Hz",) if rate not in (0, wanted) else ()

    def save(self, folder: Path) -> None:
        """Write `normalisation.json`, and `features.json` where audio can be encoded."""
        scale = {"mean": self.normalise.mean.tolist(), "deviation": self.normalise.deviation.tolist()}
        (folder / _NORMALISATION).write_text(json.dumps(scale), encoding="utf-8")
        if self.features is not None:
            content = dataclasses.asdict(self.features) | {"kind": self.features.kind.value}
            (folder / _FEATURES).write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> FrameEncoder:
        """Read what `save` wrote."""
        scale = json.loads((folder / _NORMALISATION).read_text(encoding="utf-8"))
        features = None
        if (folder / _FEATURES).is_file():
            content = json.loads((folder / _FEATURES).read_text(encoding="utf-8"))
            features = FeatureSettings(**content | {"kind": Features(content["kind"])})
        mean, deviation = (np.array(scale[name], dtype=np.float64) for name in ("mean", "deviation"))
        return cls(Normaliser(mean, deviation), features)

    def _frames(self, source: Any) -> np.ndarray:
        """float32 (T, F), not normalised."""
        if isinstance(source, np.ndarray):
            wanted = self.normalise.feature_dim
            if source.ndim != 2 or source.shape[1] != wanted or not len(source):
                raise DataError(
                    f"an array of shape {source.shape} holds no frames (T, {wanted}); for audio give (waveform, rate)."
                )
            return source
        if not isinstance(source, str | Path | tuple):
            raise DataError(
                "a model of recordings takes an audio file's path, (waveform, rate), or frames as an array, not "
                f"{type(source).__name__}."
            )
        if self.features is None:
            raise DataError(
                "this model was trained on frames that its data set brought ready-made, so audio cannot be encoded: "
                f"give frames as an array (T, {self.normalise.feature_dim}), not normalised."
            )
        rate = self.features.sample_rate
        if not isinstance(source, tuple):
            return frames_of_file(Path(source), self.features)
        wave, given = np.asarray(source[0], dtype=np.float32), int(source[1])
        if wave.ndim not in (1, 2) or (wave.ndim == 2 and wave.shape[1] > len(wave)):
            raise DataError(f"a waveform is (samples,) or (samples, channels), not of shape {wave.shape}.")
        channels = wave[:, None] if wave.ndim == 1 else wave  # (samples, channels)
        return frames_of(mono(channels, given, rate, "the waveform"), self.features)


def _rate_of(path: Path) -> int:
    """The sample rate that a file's header says; 0 where it is not known."""
    import soundfile

    try:
        return int(soundfile.info(path).samplerate)
    except soundfile.SoundFileError:  # of a format that other readers know
        return 0
