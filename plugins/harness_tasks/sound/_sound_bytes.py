"""What the containers of sound agree on when they are checked: the bytes to decode, and why a file is refused."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import DataError

RATES = (1_000, 1_000_000)
"""Sample rates in Hz, from and to, that are taken for those of recordings."""


class RefusedSoundError(DataError):
    """A recording that is not used, before its name is known: `RecordingError` says it with the file.

    Args:
        reason: in a few words, the same for all files of a kind; files left out are counted by it.
        sentence: what is wrong, to be read after the file's name.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason, self.sentence = reason, sentence


@dataclass(frozen=True)
class Sound:
    """Sound as a decoder is given it: its header says exactly what is there.

    Attributes:
        content: a whole file.
        samples: of each channel, as the original header announces; None: it does not.
        md5: of the decoded samples, as whole numbers of `bits` bits (FLAC); None: unknown.
        most: samples that are sound; what a decoder gives beyond them is filling. None: all are.
        bits: of a sample where they are whole numbers throughout; 0: decoded to floating-point numbers.
    """

    content: bytes
    samples: int | None = None
    md5: bytes | None = None
    bits: int = 0
    most: int | None = None


def broke_off(announced: int, there: int, rate: float = 0, unit: str = "samples") -> RefusedSoundError:
    """The header announces more than the file holds.

    Args:
        announced, there: in `unit`.
        rate: units a second; 0: unknown, and no seconds are said.
        unit: what is counted.
    """
    said, held = f"{announced} {unit}", str(there)
    if rate:
        said, held = f"{said} ({announced / rate:.6g} s)", f"{held} ({there / rate:.6g} s)"
    return RefusedSoundError("broke off", f"broke off: its header announces {said}, the file holds {held}")


def contradiction(sentence: str) -> RefusedSoundError:
    """The header does not agree with itself, or with what follows it."""
    return RefusedSoundError("contradictory header", f"contradicts itself: {sentence}")


def damaged(sentence: str) -> RefusedSoundError:
    """A checksum, a sequence number or a decoder shows damage."""
    return RefusedSoundError("damaged", f"is damaged: {sentence}")


def check_rate(rate: float) -> None:
    """Whether a sample rate in Hz can be that of a recording.

    Raises:
        RefusedSoundError: it is outside `RATES`.
    """
    if not RATES[0] <= rate <= RATES[1]:
        raise RefusedSoundError(
            "absurd sample rate", f"has {rate:.0f} samples a second; recordings have {RATES[0]} to {RATES[1]}"
        )


def block_of(channels: int, width: int, rate: float) -> int:
    """Bytes of one sample of all channels.

    Args:
        channels: how many.
        width: bytes of a sample of one.
        rate: in Hz; it is checked too.

    Raises:
        RefusedSoundError: there is no channel, or the rate is outside `RATES`.
    """
    if not channels:
        raise contradiction("its header announces no channels")
    check_rate(rate)
    return channels * width
