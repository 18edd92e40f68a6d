"""Recordings from files: a recording is what its header and its bytes agree on, and what holds a sound.

Content decides which format a file has, not its name. What is damaged, broke off, or holds no sound is refused with the
file named (`RecordingError`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np

from harness.data.foreign import reading, shown
from harness.data.stand_ins import what_it_is
from harness.errors import DataError
from harness_tasks.sound import _coded_sound as coded
from harness_tasks.sound import _iff_sound as iff
from harness_tasks.sound import _riff_sound as riff
from harness_tasks.sound._sound_bytes import RefusedSoundError, Sound, broke_off, check_rate, contradiction, damaged

ENDINGS = (
    ".wav", ".wave", ".rf64", ".bw64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".sph", ".nist",
    ".flac", ".ogg", ".oga", ".opus", ".mp3",
)  # fmt: skip
"""Endings of file names by which folders are searched for recordings, in lower case."""

FULL_SCALE = 10.0
"""The largest sample: 20 dB over full scale. Beyond it, floating-point samples are in another unit."""

CLIPPED = 0.01
"""The share of clipped samples above which a recording is named in the notes."""

_HEAD = 4096
_LARGEST = 4 << 30
_MOST_VALUES = 1 << 27
_AT_ONCE = 1 << 16  # libsndfile fills what it does not read with zeros
_NEARLY_FULL = 0.99
_FLAT = 2.0**-23
_CANCELLED = 1e-3
_LARGEST_KERNEL = 10_000_000
_CONVERT = "If it plays elsewhere, convert it: ffmpeg -i FILE NEW.flac"

_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Sound]], ...] = (
    (riff.is_riff, riff.riff_sound),
    (riff.is_w64, riff.w64_sound),
    (iff.is_aiff, iff.aiff_sound),
    (iff.is_au, iff.au_sound),
    (iff.is_caf, iff.caf_sound),
    (iff.is_nist, iff.nist_sound),
    (coded.is_ogg, coded.ogg_sound),
)
_TAGGED = ((coded.is_flac, coded.flac_sound), (coded.is_mp3, coded.mp3_sound))
"""Formats that may have tags of other formats behind them."""


class RecordingError(DataError):
    """A recording that cannot be used.

    Args:
        reason: in a few words ("broke off", "no sound"), the same for all files of a kind.
        message: the file, and what is wrong with it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class LoadedAudio:
    """Sound from a file.

    Attributes:
        wave: float32 (samples,), channels averaged.
        clipped: the share (0..1) of its samples that stand at full scale beside an equal one.
    """

    wave: np.ndarray
    clipped: float


def read_audio(path: Path, sample_rate: int, name: str = "") -> np.ndarray:
    """float32 (samples,), channels averaged, at `sample_rate`.

    Args, raises: as for `read_recording`.
    """
    return read_recording(path, sample_rate, name).wave


def read_recording(path: Path, sample_rate: int, name: str = "") -> LoadedAudio:
    """The sound of a file.

    Args:
        path: of the file.
        sample_rate: of the result, in Hz.
        name: of the file, for messages; its path unless given.

    Raises:
        RecordingError: the file is no audio; broke off, is damaged or contradicts itself; holds no sound (no samples,
            one value throughout, channels that cancel each other); has samples that are no finite numbers or are
            beyond `FULL_SCALE`; or a sample rate outside `RATES`.
        DataError: the file cannot be read at all, for want of permission or memory.
    """
    name = name or shown(path)
    try:
        with reading(path, "an audio file"):
            sound = _checked(_content(path))
            wave, rate = _decoded(sound)  # (samples, channels)
        _check_samples(wave, rate)
    except RefusedSoundError as refused:
        raise RecordingError(refused.reason, f"{name} {refused.sentence}.") from refused
    except DataError as error:
        if isinstance(error.__cause__, OSError | MemoryError):
            raise
        raise RecordingError("not decodable", str(error)) from error
    return LoadedAudio(mono(wave, rate, sample_rate, name), _clipped(wave))


def mono(wave: np.ndarray, rate: int, sample_rate: int, name: str) -> np.ndarray:
    """float32 (samples,) at `sample_rate` of a wave (samples, channels) at `rate`.

    Raises:
        RecordingError: the wave is empty, holds values that are no numbers, or has a rate outside `RATES`; the message
            names it.
    """
    mixed = wave.mean(axis=1)
    if not len(mixed):
        raise RecordingError("no sound", f"{name} holds no sound: it has 0 samples.")
    if not np.isfinite(mixed).all():
        raise RecordingError("not finite", f"{name} holds samples that are not finite numbers.")
    try:
        check_rate(rate)
    except RefusedSoundError as refused:
        raise RecordingError(refused.reason, f"{name} {refused.sentence}.") from refused
    return mixed if rate == sample_rate else _resampled(mixed, rate, sample_rate)


def _resampled(wave: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    common = gcd(rate, wanted)
    up, down = wanted // common, rate // common
    # torchaudio's filter has a row for each of `up` phases, `down` long and more: gigabytes for 44,101 Hz.
    if up * max(up, down) <= _LARGEST_KERNEL:
        import torch
        from torchaudio.functional import resample

        return resample(torch.from_numpy(wave), rate, wanted).numpy()
    from scipy.signal import resample_poly

    return resample_poly(wave, up, down).astype(np.float32)


def _content(path: Path) -> bytes:
    """A file's bytes, if it begins as sound does, without ID3v2 tags before it."""
    if not path.is_file():
        raise RefusedSoundError("not readable", "cannot be read as an audio file: it is no file, or does not exist")
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise RefusedSoundError("no sound", "holds no sound: the file is empty")
        if not head.startswith(b"ID3") and not any(begins(head) for begins, _ in _FORMATS + _TAGGED):
            raise _not_audio(head)
        if path.stat().st_size > _LARGEST:
            raise RefusedSoundError("too long", "has more than 4 GiB; cut it into recordings of one utterance each")
        return coded.without_leading_tags(head + file.read())


def _checked(content: bytes) -> Sound:
    """The sound that a file's bytes hold, by the format that they begin with."""
    for begins, sound in _FORMATS:
        if begins(content):
            return sound(content)
    inner = coded.without_trailing_tags(content)
    for begins, sound in _TAGGED:
        if begins(inner):
            return sound(inner)
    raise _not_audio(content)


def _not_audio(content: bytes) -> RefusedSoundError:
    instead = what_it_is(content[:_HEAD]) or _CONVERT
    return RefusedSoundError(
        "not audio",
        f"cannot be read as an audio file: it begins with {content[:12]!r}, which is none of WAV (RIFF, RF64, W64), "
        f"AIFF, AU, CAF, NIST SPHERE, FLAC, Ogg, MP3. {instead.removesuffix('.')}",
    )


class _Content(io.BytesIO):
    """A file in memory that libsndfile reads."""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Stay, where a damaged file leads to before its beginning: libsndfile notices, and then says so."""
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _decoded(sound: Sound) -> tuple[np.ndarray, int]:
    """float32 (samples, channels), and the rate in Hz; decoded piece by piece, whatever length the header says."""
    import soundfile

    class Stream(soundfile.SoundFile):
        def seekable(self) -> bool:
            """No: a file of unknown length cannot be sought in, and soundfile does after each piece."""
            return False

    opened, pieces, values, digest = False, [], 0, hashlib.md5(usedforsecurity=False)
    try:
        with Stream(_Content(sound.content)) as stream:
            opened, rate, most = True, stream.samplerate, max(1, _AT_ONCE // stream.channels)
            while len(piece := stream.read(most, dtype="int32" if sound.bits else "float32", always_2d=True)):
                values += piece.size
                if values > _MOST_VALUES:
                    raise RefusedSoundError(
                        "too long", f"holds more than {_MOST_VALUES} samples; cut it into utterances"
                    )
                if sound.bits:
                    if sound.md5:
                        digest.update(_packed(piece, sound.bits))
                    piece = piece.astype(np.float32) * np.float32(2.0**-31)  # exact: 24 bits or fewer
                pieces.append(piece)
            wave = np.concatenate(pieces) if pieces else np.zeros((0, stream.channels), dtype=np.float32)
    except soundfile.LibsndfileError as error:
        said = error.error_string.removeprefix("Error : ").strip().rstrip(".")
        if opened:
            raise damaged(f"it cannot be decoded to its end, or broke off (libsndfile: {said})") from error
        raise RefusedSoundError("not decodable", f"cannot be decoded (libsndfile: {said}). {_CONVERT}") from error
    if sound.samples is not None and len(wave) != sound.samples:
        if len(wave) < sound.samples:
            raise broke_off(sound.samples, len(wave), rate)
        raise contradiction(f"its header announces {sound.samples} samples, the file holds {len(wave)}")
    if sound.md5 and digest.digest() != sound.md5:
        raise damaged("the checksum (MD5) of its samples is wrong")
    return wave[: sound.most], rate


def _packed(samples: np.ndarray, bits: int) -> bytes:
    """Left-justified int32 as little-endian whole numbers of `bits` bits, as FLAC's checksum takes them."""
    return (samples >> (32 - bits)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()


def _check_samples(wave: np.ndarray, rate: int) -> None:
    """Whether a wave (samples, channels) is sound."""
    if not len(wave):
        raise RefusedSoundError("no sound", "holds no sound: it has 0 samples")
    if not np.isfinite(wave).all():
        raise RefusedSoundError("not finite", "holds samples that are not finite numbers")
    peak = float(np.abs(wave).max())
    if peak > FULL_SCALE:
        raise RefusedSoundError(
            "beyond full scale",
            f"has samples up to {peak:.6g}, and full scale is 1; divide them, by 32768 where they were 16-bit numbers",
        )
    if np.ptp(wave, axis=0).max() < _FLAT:
        raise RefusedSoundError(
            "no sound",
            f"holds no sound: all of its {len(wave)} samples ({len(wave) / rate:.6g} s) are {wave[0, 0]:.6g}",
        )
    if wave.shape[1] > 1:
        loudest = wave.std(axis=0, dtype=np.float64).max()
        if wave.mean(axis=1).std(dtype=np.float64) < _CANCELLED * loudest:
            raise RefusedSoundError(
                "channels cancel",
                "holds no sound once its channels are averaged: they cancel each other (opposite phase)",
            )


def _clipped(wave: np.ndarray) -> float:
    flat = (np.abs(wave[1:]) >= _NEARLY_FULL) & (wave[1:] == wave[:-1])
    return float(flat.mean()) if flat.size else 0.0
