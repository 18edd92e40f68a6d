"""Steps of sounding keys as a standard MIDI file (format 0, one track, a piano)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

DIVISION = 480
"""Ticks of a quarter note."""

_MICROSECONDS = 600_000  # of a quarter note: 100 a minute
_VELOCITY = 80


def midi(steps: Sequence[Sequence[int]], steps_per_quarter: float = 1.0) -> bytes:
    """A MIDI file; a key that sounds in consecutive steps is held.

    Args:
        steps: the keys (MIDI numbers) of each step.
        steps_per_quarter: how many steps a quarter note lasts.
    """
    length = round(DIVISION / steps_per_quarter)
    track = bytearray(b"\x00\xff\x51\x03" + _MICROSECONDS.to_bytes(3, "big"))
    sounding: set[int] = set()
    waited = 0
    for step in [*map(set, steps), set[int]()]:
        events = [(0x80, key, 0) for key in sorted(sounding - step)]
        events += [(0x90, key, _VELOCITY) for key in sorted(step - sounding)]
        for event in events:
            track += _number(waited) + bytes(event)
            waited = 0
        sounding, waited = step, waited + length
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, DIVISION)
    return header + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


def _number(value: int) -> bytes:
    """A whole number in MIDI's variable length: seven bits a byte, the highest first."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(0x80 | (value & 0x7F))
    return bytes(reversed(found))
