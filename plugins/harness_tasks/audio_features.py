"""Audio to feature frames: files read with soundfile, MFCC or log-mel by torchaudio.

For data sets of audio files, and for models that were trained on them: both compute frames by `frames_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import DataError

if TYPE_CHECKING:
    import torch


class Features(Enum):
    """What a frame holds."""

    mfcc = "mfcc"
    log_mel = "log_mel"


@dataclass(frozen=True)
class FeatureSettings:
    """How a wave becomes frames.

    Attributes:
        kind: MFCC or log-mel.
        count: F; MFCCs are taken from 40 mel bands (or `count`, where more).
        sample_rate: Hz; files at another rate are resampled.
        window_ms, hop_ms: of the short-time Fourier transform.
    """

    kind: Features
    count: int
    sample_rate: int
    window_ms: float
    hop_ms: float


def read_audio(path: Path, sample_rate: int) -> np.ndarray:
    """float32 (samples,), channels averaged, at `sample_rate`.

    Raises:
        DataError: the file cannot be read as audio, is empty, or holds values that are no numbers.
    """
    import soundfile

    try:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(f"{path.name} cannot be read as audio: {str(error).strip().rstrip('.')}.") from error
    return mono(wave, rate, sample_rate, path.name)


def mono(wave: np.ndarray, rate: int, sample_rate: int, name: str) -> np.ndarray:
    """float32 (samples,) at `sample_rate` of a wave (samples, channels) at `rate`.

    Raises:
        DataError: the wave is empty, or holds values that are no numbers; the message names it.
    """
    mixed = wave.mean(axis=1)
    if not len(mixed):
        raise DataError(f"{name} holds no sound: it has 0 samples.")
    if not np.isfinite(mixed).all():
        raise DataError(f"{name} holds samples that are not finite numbers.")
    if rate != sample_rate:
        import torch
        from torchaudio.functional import resample

        mixed = resample(torch.from_numpy(mixed), rate, sample_rate).numpy()
    return mixed


def frames_of(wave: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """float32 (T, F) of a wave (samples,) at the settings' rate, T = 1 + samples // hop."""
    import torch

    with torch.no_grad():
        return _transform(settings)(torch.from_numpy(wave)).T.contiguous().numpy()


@lru_cache(maxsize=8)
def _transform(settings: FeatureSettings) -> torch.nn.Module:
    """Wave (samples,) -> features (F, T)."""
    import torch
    from torchaudio import transforms

    window = round(settings.sample_rate * settings.window_ms / 1000)
    mel = {
        # Twice the window or more: narrow mel bands at low frequencies then still hold a bin each.
        "n_fft": 2 << (window - 1).bit_length(),
        "win_length": window,
        "hop_length": round(settings.sample_rate * settings.hop_ms / 1000),
        "n_mels": settings.count if settings.kind is Features.log_mel else max(40, settings.count),
    }
    if settings.kind is Features.mfcc:
        return transforms.MFCC(settings.sample_rate, n_mfcc=settings.count, log_mels=True, melkwargs=mel)

    class LogMel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mel = transforms.MelSpectrogram(settings.sample_rate, **mel)

        def forward(self, wave: torch.Tensor) -> torch.Tensor:
            return torch.log(self.mel(wave) + 1e-6)  # the floor of torchaudio's own log-mel MFCC

    return LogMel()
