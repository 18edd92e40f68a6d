"""AIFF and AIFC, AU, CAF and NIST SPHERE: which bytes are the sound, where header and file agree.

What means "unknown", and then the end of the file: in AIFF a size of 0 with sound behind it, or one from 0x7F000000 on
(sox writes it into a pipe); in AU 0xFFFFFFFF, or 0 with sound behind it; in CAF -1.
"""

from __future__ import annotations

import math
import struct

from harness_tasks.sound._sound_bytes import RefusedSoundError, Sound, block_of, broke_off, contradiction

_AIFC_WIDTH = {
    b"NONE": 0, b"twos": 0, b"sowt": 0, b"raw ": 0, b"in24": 3, b"in32": 4, b"fl32": 4, b"FL32": 4, b"fl64": 8,
    b"FL64": 8, b"alaw": 1, b"ALAW": 1, b"ulaw": 1, b"ULAW": 1,
}  # fmt: skip
"""Bytes of a sample by compression; 0: as its bits say."""

_MOST_CHUNKS = 10_000

_AU_WIDTH = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
"""Bytes of a sample by encoding."""


def is_aiff(content: bytes) -> bool:
    """Whether the file begins as AIFF or AIFC does."""
    return content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC")


def is_au(content: bytes) -> bool:
    """Whether the file begins as Sun's AU does, in either byte order."""
    return content[:4] in (b".snd", b"dns.")


def is_caf(content: bytes) -> bool:
    """Whether the file begins as Apple's CAF does."""
    return content[:4] == b"caff"


def is_nist(content: bytes) -> bool:
    """Whether the file begins as NIST's SPHERE does."""
    return content[:8] == b"NIST_1A\n"


def aiff_sound(content: bytes) -> Sound:
    """With the sizes put right where they are unknown.

    Raises:
        RefusedSoundError: it broke off, or its header contradicts itself.
    """
    fixed, position = bytearray(content), 12
    common: int | None = None
    sound: tuple[int, int] | None = None
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(content) or (common is not None and sound is not None):
            break
        name, (size,) = content[position : position + 4], struct.unpack_from(">I", content, position + 4)
        if name == b"COMM" and size >= 18 and position + 8 + size <= len(content):
            common = position + 8
        elif name == b"SSND":
            sound = position + 8, size
        position += 8 + size + size % 2
    if common is None or sound is None:
        raise broke_off(1, 0, unit="COMM and one SSND chunk")
    channels, samples, bits, exponent, mantissa = struct.unpack_from(">HIHHQ", content, common)
    rate = math.ldexp(mantissa, (exponent & 0x7FFF) - 16383 - 63) if exponent < 0x7FFF else 0.0
    width: int | None = (bits + 7) // 8
    if content[8:12] == b"AIFC":
        compression = content[common + 18 : common + 22]
        width = (_AIFC_WIDTH[compression] or width) if compression in _AIFC_WIDTH else None
    start, size = sound
    offset = struct.unpack_from(">I", content, start)[0] if start + 8 <= len(content) else 0
    there, announced = len(content) - start - 8 - offset, size - 8 - offset
    unknown = announced <= 0 < there or (announced > there and size >= 0x7F000000)
    if there < 0 or (announced > there and not unknown):
        raise broke_off(announced, max(there, 0), unit="bytes of sound")
    if width is None:
        return Sound(content)
    block = block_of(channels, width, rate)
    whole = (there if unknown else announced) // block
    if unknown or (not samples and whole):
        struct.pack_into(">I", fixed, common + 2, whole)
        struct.pack_into(">I", fixed, start - 4, 8 + offset + whole * block)
        del fixed[start + 8 + offset + whole * block :]
    elif samples != whole:
        raise contradiction(f"one part of its header announces {samples} samples, another {whole}")
    return Sound(bytes(fixed))


def au_sound(content: bytes) -> Sound:
    """With the size put right where it is unknown.

    Raises:
        RefusedSoundError: it broke off, or holds more than its header says.
    """
    order = ">" if content.startswith(b".snd") else "<"
    if len(content) < 24:
        raise broke_off(24, len(content), unit="bytes of header")
    start, size, encoding, rate, channels = struct.unpack_from(f"{order}5I", content, 4)
    width = _AU_WIDTH.get(encoding, 1)
    block = block_of(channels, width, rate)
    there = len(content) - start
    if there < 0:
        raise broke_off(start, len(content), unit="bytes of header")
    if size in (0, 0xFFFFFFFF):
        fixed = bytearray(content[: start + there - there % block])
        struct.pack_into(f"{order}I", fixed, 8, there - there % block)
        return Sound(bytes(fixed))
    if size > there:
        raise broke_off(size // block, there // block, rate if encoding in _AU_WIDTH else 0)
    if content[start + size :].strip(b"\0"):
        raise contradiction(f"its header announces {size} bytes of sound, but {there} follow it")
    return Sound(content)


def caf_sound(content: bytes) -> Sound:
    """With the size put right where it is unknown.

    Raises:
        RefusedSoundError: it broke off.
    """
    position = 8
    for _ in range(_MOST_CHUNKS):
        if position + 12 > len(content):
            break
        name, size = content[position : position + 4], struct.unpack_from(">q", content, position + 4)[0]
        there = len(content) - position - 12
        if name == b"data" and size == -1:
            return Sound(content[: position + 4] + struct.pack(">q", there) + content[position + 12 :])
        if size < 0:
            raise contradiction(f"a chunk at byte {position} says that it has {size} bytes")
        if size > there:
            raise broke_off(size, there, unit="bytes of sound" if name == b"data" else "bytes of a chunk")
        if name == b"data":
            return Sound(content)
        position += 12 + size
    raise broke_off(1, 0, unit="data chunk")


def nist_sound(content: bytes) -> Sound:
    """As its header announces it, exactly.

    Raises:
        RefusedSoundError: it broke off, holds more than its header says, or is compressed.
    """
    size = content[8:16].strip()
    head = int(size) if size.isdigit() else 0
    fields: dict[str, str] = {}
    for line in content[16:head].decode("latin-1").splitlines():
        name, _, rest = line.partition(" ")
        if name == "end_head":
            break
        fields[name] = rest.partition(" ")[2].strip()
    _, compressed, coding = fields.get("sample_coding", "").partition("embedded-")
    if compressed:
        raise RefusedSoundError(
            "compressed SPHERE",
            f"is compressed ({coding}), which is not read; uncompress it with sph2pipe or w_decode -o",
        )
    try:
        count, width = int(fields["sample_count"]), int(fields["sample_n_bytes"])
        channels, rate = int(fields.get("channel_count", "1")), int(fields.get("sample_rate", "0"))
    except (KeyError, ValueError):
        raise contradiction("its header does not say how many samples it has, or of how many bytes") from None
    block = block_of(channels, width, rate)
    there = len(content) - head
    if count * block > there:
        raise broke_off(count, max(there, 0) // block, rate)
    if there - count * block >= block and content[head + count * block :].strip(b"\0"):
        raise contradiction(f"its header announces {count} samples, but {there // block} follow it")
    return Sound(content)
