"""WAV and its relatives (RIFX, RF64, BW64, W64): which bytes are the sound, where header and file agree.

The size of the data chunk decides. It means "unknown" where it is 0 with sound behind it (a recorder that crashed), or
one of the values that programs write into a pipe (`_UNKNOWN`) and the file is shorter: the sound then reaches to the
end of the file, less an incomplete last sample.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from harness_tasks.sound._sound_bytes import RefusedSoundError, Sound, block_of, broke_off, contradiction, damaged

_UNKNOWN = (range(0x7FFFF000, 0x80000001), range(0xFFFFF000, 0x100000000))
"""sox and espeak write 0x7FFFF000, arecord 0x80000000, opusdec and others 0x7FFFFFFF less their header, ffmpeg
0xFFFFFFFF, some of them less a header."""

_PLAIN = {1: "PCM", 3: "floating point", 6: "A-law", 7: "µ-law"}
"""Formats in which one sample of all channels is one block, by tag."""

_BLOCKS = {2: "MS ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM 6.10"}
"""Formats in blocks of several samples, whose number the format chunk says, by tag."""

_EXTENSIBLE = 0xFFFE
_AFTER_SOUND = frozenset(
    (b"LIST", b"id3 ", b"ID3 ", b"fact", b"PEAK", b"cue ", b"smpl", b"inst", b"bext", b"iXML", b"_PMX", b"JUNK")
)
"""Chunks that often follow the sound; one that is cut off takes nothing from it."""

_MOST_CHUNKS = 10_000
_ROUNDED = 0.02
_DEFAULT_BYTE_RATE = 16_000  # ffmpeg writes its default bit rate, whatever that of the ADPCM is

_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_TAIL = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


@dataclass(frozen=True)
class _Format:
    """A format chunk.

    Attributes:
        chunk: its bytes.
        block: bytes of one sample of all channels; of one coded block where samples are coded together.
        rate: Hz.
        samples: of each channel in a block; 0: unknown.
    """

    chunk: bytes
    block: int
    rate: int
    samples: int

    def broke_off(self, announced: int, there: int) -> RefusedSoundError:
        """The sound has fewer bytes than announced."""
        if self.samples == 1 and announced // self.block > there // self.block:
            return broke_off(announced // self.block, there // self.block, self.rate)
        return broke_off(announced, there, unit="bytes of sound")

    def most(self, size: int, fact: int) -> int | None:
        """Samples in `size` bytes of sound; of a last block in part, if the fact chunk says so. None: unknown."""
        if self.samples < 2:
            return None
        whole = -(-size // self.block) * self.samples
        return fact if whole - self.samples < fact <= whole else whole


def is_riff(content: bytes) -> bool:
    """Whether the file begins as WAV does, in any of its sizes."""
    return content[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and content[8:12] == b"WAVE"


def is_w64(content: bytes) -> bool:
    """Whether the file begins as Sony's Wave64 does."""
    return content[:16] == _W64_RIFF


def riff_sound(content: bytes) -> Sound:
    """The file up to the end of its sound, its sizes put right.

    Raises:
        RefusedSoundError: it broke off, or its header contradicts itself or what follows.
    """
    order = ">" if content.startswith(b"RIFX") else "<"
    form, wide, fact, position = None, None, 0, 12
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(content):
            break
        name, (size,) = content[position : position + 4], struct.unpack_from(f"{order}I", content, position + 4)
        start = position + 8
        if name == b"data":
            if form is None:
                raise contradiction("there is no format chunk before its sound")
            if wide is not None and size == 0xFFFFFFFF:
                size = wide
            end = _end(content, order, start, size, form)
            return Sound(_plain(order, form, fact, content[start:end]), most=form.most(end - start, fact))
        if start + size > len(content):
            raise broke_off(size, len(content) - start, unit=f"bytes of chunk {_shown(name)}")
        if name == b"fmt ":
            form = _format(content[start : start + size], order)
        if name == b"fact" and size >= 4:
            fact = struct.unpack_from(f"{order}I", content, start)[0]
        if name == b"ds64" and size >= 16:
            wide = struct.unpack_from(f"{order}Q", content, start + 8)[0]
        position = _next(content, start, size)
    raise RefusedSoundError("broke off", "has a header but no sound: there is no data chunk")


def w64_sound(content: bytes) -> Sound:
    """As `riff_sound`; sizes have 64 bits and include the header of 24 bytes, and chunks begin at multiples of 8.

    Raises:
        RefusedSoundError: as there.
    """
    form, position = None, 40
    for _ in range(_MOST_CHUNKS):
        if position + 24 > len(content):
            break
        name, (size,) = content[position : position + 16], struct.unpack_from("<Q", content, position + 16)
        start = position + 24
        if name == b"data" + _W64_TAIL:
            if form is None:
                raise contradiction("there is no format chunk before its sound")
            there = len(content) - start
            unknown = size >= 1 << 62 or (size <= 24 and there > 0)
            if not unknown and size - 24 > there:
                raise form.broke_off(size - 24, there)
            end = start + (there - there % form.block if unknown else max(size - 24, 0))
            if not unknown:
                _check_behind_w64(content, position + (size + 7) // 8 * 8)
            sized = struct.pack("<Q", end - position)
            whole = content[:16] + struct.pack("<Q", end) + content[24 : position + 16] + sized + content[start:end]
            return Sound(whole)
        if size < 24 or position + size > len(content):
            raise contradiction(f"a chunk at byte {position} says that it has {size} bytes")
        if name == b"fmt " + _W64_TAIL:
            form = _format(content[start : position + size], "<")
        position += (size + 7) // 8 * 8
    raise RefusedSoundError("broke off", "has a header but no sound: there is no data chunk")


def _check_behind_w64(content: bytes, position: int) -> None:
    """Whether nothing but chunks follows the sound, as far as the file's size in the header includes it."""
    stop = min(len(content), struct.unpack_from("<Q", content, 16)[0])
    while position + 24 <= stop:
        (size,) = struct.unpack_from("<Q", content, position + 16)
        if size < 24 or position + size > stop:
            break
        position += (size + 7) // 8 * 8
    if content[position:stop].strip(b"\0"):
        raise contradiction(f"more follows its sound at byte {position}, which is no chunk")


def _format(chunk: bytes, order: str) -> _Format:
    if len(chunk) < 16:
        raise contradiction(f"its format chunk has {len(chunk)} bytes instead of at least 16")
    tag, channels, rate, byte_rate, block, bits = struct.unpack_from(f"{order}HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack_from(f"{order}H", chunk, 24)[0]
    if tag not in _PLAIN:
        block_of(channels, 1, rate)
        samples = struct.unpack_from(f"{order}H", chunk, 18)[0] if tag in _BLOCKS and len(chunk) >= 20 else 0
        if (
            samples
            and byte_rate not in (0, _DEFAULT_BYTE_RATE)
            and abs(byte_rate * samples / (rate * max(block, 1)) - 1) > _ROUNDED
        ):
            raise contradiction(
                f"blocks of {samples} samples and {block} bytes at {rate} Hz are not {byte_rate} bytes a second"
            )
        return _Format(chunk, max(block, 1), rate, samples)
    wanted = block_of(channels, (bits + 7) // 8, rate)
    if not bits or block != wanted:
        raise contradiction(
            f"{channels} channels of {bits} bits ({_PLAIN[tag]}) are {wanted} bytes, its header says {block}"
        )
    if byte_rate not in (0, rate * block):
        raise contradiction(
            f"{rate} Hz of {block} bytes are {rate * block} bytes a second, its header says {byte_rate}"
        )
    return _Format(chunk, block, rate, 1)


def _end(content: bytes, order: str, start: int, size: int, form: _Format) -> int:
    """Where the sound ends that begins at `start`."""
    there = len(content) - start
    to_end = start + there - there % form.block
    if size == 0:
        return start if _chunks_end(content, order, start) == len(content) else to_end
    if size > there:
        if size >= 1 << 63 or any(size in values for values in _UNKNOWN):
            return to_end
        raise form.broke_off(size, there)
    behind = _next(content, start, size)
    stop = _chunks_end(content, order, behind)
    riff_end = 8 + struct.unpack_from(f"{order}I", content, 4)[0]
    if content.count(b"\n") == content.count(b"\r\n") == len(content) - riff_end > 0:
        raise damaged("a transfer as text put a CR before every LF in it; copy it again as it is (binary)")
    # What lies beyond the RIFF chunk, or is zeros, was appended by something else and is no sound.
    if stop < min(riff_end, len(content)) and content[stop:].strip(b"\0"):
        raise contradiction(
            f"its sound ends at byte {start + size} by its own size, but more follows that is no chunk, and the file's "
            "size in the header includes it"
        )
    return start + size


def _chunks_end(content: bytes, order: str, position: int) -> int:
    """Where a row of whole chunks ends that begins at `position`.

    Raises:
        RefusedSoundError: there is more sound among them.
    """
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(content) or not _is_name(content[position : position + 4]):
            break
        name, (size,) = content[position : position + 4], struct.unpack_from(f"{order}I", content, position + 4)
        if name == b"data":
            raise contradiction("it has several data chunks")
        if is_riff(content[position : position + 12]):
            raise RefusedSoundError("several recordings", f"holds another recording at byte {position}; split it")
        if position + 8 + size > len(content):
            return len(content) if name in _AFTER_SOUND else position
        position = _next(content, position + 8, size)
    return min(position, len(content))


def _next(content: bytes, start: int, size: int) -> int:
    """Where the chunk after one of `size` bytes begins; some programs forget the byte that makes its size even."""
    end = start + size
    return end + (size % 2 and not _is_name(content[end : end + 4]))


def _is_name(four: bytes) -> bool:
    return len(four) == 4 and all(0x20 <= byte < 0x7F for byte in four)


def _plain(order: str, form: _Format, fact: int, sound: bytes) -> bytes:
    """A WAV with 32-bit sizes of these chunks and no others."""
    chunks = [(b"fmt ", form.chunk), *([(b"fact", struct.pack(f"{order}I", fact))] if fact else []), (b"data", sound)]
    inner = b"".join(name + struct.pack(f"{order}I", len(body)) + body + bytes(len(body) % 2) for name, body in chunks)
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(f"{order}I", 4 + len(inner)) + b"WAVE" + inner


def _shown(name: bytes) -> str:
    return repr(name.decode("latin-1"))
