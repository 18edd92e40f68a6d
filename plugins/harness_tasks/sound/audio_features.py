"""Sound to feature frames: MFCC or log-mel by torchaudio.

For data sets of audio files, and for models that were trained on them: both compute frames by `frames_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.data.foreign import shown
from harness_tasks.sound.audio_files import RecordingError, read_audio

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


def frames_of_file(path: Path, settings: FeatureSettings) -> np.ndarray:
    """float32 (T, F) of an audio file, as `frames_of`.

    Raises:
        RecordingError: the file cannot be used (`read_audio`), or is shorter than one window.
    """
    return frames_of(read_audio(path, settings.sample_rate), settings, shown(path))


def frames_of(wave: np.ndarray, settings: FeatureSettings, name: str = "the waveform") -> np.ndarray:
    """float32 (T, F) of a wave (samples,) at the settings' rate, T = 1 + samples // hop.

    Args:
        wave: the sound.
        settings: how it becomes frames.
        name: of the sound, for messages.

    Raises:
        RecordingError: the wave is shorter than one window.
    """
    import torch

    window = _samples(settings, settings.window_ms)
    if len(wave) < window:
        raise RecordingError(
            "too short",
            f"{name} is too short: it lasts {1000 * len(wave) / settings.sample_rate:.6g} ms, and one frame needs a "
            f"window of {settings.window_ms:g} ms (task.window_ms).",
        )
    # The transform mirrors half a spectrum's length at both ends, for which a short wave is continued with zeros.
    lacking = max(0, _spectrum(window) // 2 + 1 - len(wave))
    whole = torch.nn.functional.pad(torch.from_numpy(wave), (0, lacking))
    count = 1 + len(wave) // _samples(settings, settings.hop_ms)
    with torch.no_grad():
        return _transform(settings)(whole).T[:count].contiguous().numpy()


def _samples(settings: FeatureSettings, ms: float) -> int:
    return round(settings.sample_rate * ms / 1000)


def _spectrum(window: int) -> int:
    """Twice the window or more: narrow mel bands at low frequencies then still hold a bin each."""
    return 2 << (window - 1).bit_length()


@lru_cache(maxsize=8)
def _transform(settings: FeatureSettings) -> torch.nn.Module:
    """Wave (samples,) -> features (F, T)."""
    import torch
    from torchaudio import transforms

    window = _samples(settings, settings.window_ms)
    mel = {
        "n_fft": _spectrum(window),
        "win_length": window,
        "hop_length": _samples(settings, settings.hop_ms),
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
