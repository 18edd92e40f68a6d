"""FLAC, Ogg and MP3: what their own checksums, counts and marks of an end say, before they are decoded.

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg), ISO 11172-3 and the LAME tag's description (MP3).
"""

from __future__ import annotations

import struct

import numpy as np

from harness_tasks.sound._ogg_pages import has_its_checksum
from harness_tasks.sound._sound_bytes import RefusedSoundError, Sound, contradiction, damaged

_SAMPLES = (1 << 36) - 1
_LYRICS = 5_200  # Lyrics3 of version 1 has 5,100 bytes at most
_FLAC_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
"""Hz by the code in a frame's header; 0: as STREAMINFO says."""


def without_leading_tags(content: bytes) -> bytes:
    """The file without ID3v2 tags before it."""
    start = 0
    while content[start : start + 3] == b"ID3" and start + 10 <= len(content):
        start += 10 + _seven_bits(content[start + 6 : start + 10]) + (10 if content[start + 5] & 0x10 else 0)
    return content[start:]


def without_trailing_tags(content: bytes) -> bytes:
    """The file without the tags behind it: ID3v1, with its extension (TAG+) and Lyrics3, APE, and ID3v2.4."""
    while size := min(_trailing_tag(content), len(content)):
        content = content[:-size]
    return content


def _trailing_tag(content: bytes) -> int:
    """Bytes of the last tag; 0 where the file ends in none."""
    for mark, fixed in ((b"TAG", 128), (b"TAG+", 227)):
        if content[-fixed:].startswith(mark) and len(content) >= fixed:
            return fixed
    if content[-9:] == b"LYRICS200" and content[-15:-9].isdigit():
        return int(content[-15:-9]) + 15
    if content[-9:] == b"LYRICSEND":
        start = content.rfind(b"LYRICSBEGIN", -_LYRICS)
        return len(content) - start if start >= 0 else 0
    if content[-32:-24] == b"APETAGEX":
        size, flags = struct.unpack_from("<I4xI", content, len(content) - 20)
        return int(size) + (32 if flags >> 31 else 0)
    if content[-10:-7] == b"3DI":
        return _seven_bits(content[-4:]) + 20
    return 0


def _seven_bits(four: bytes) -> int:
    """A size as ID3v2 writes it, with seven bits in each byte."""
    a, b, c, d = (byte & 0x7F for byte in four)
    return a << 21 | b << 14 | c << 7 | d


# -- FLAC ----------------------------------------------------------------------------------------------


def is_flac(content: bytes) -> bool:
    """Whether a file without tags is FLAC."""
    return content[:4] == b"fLaC"


def flac_sound(content: bytes) -> Sound:
    """A FLAC whose header says that its length is unknown, so that decoding goes on to its end and finds all damage.

    Of the blocks before the frames only STREAMINFO is kept: decoders refuse files for pictures and cue sheets that are
    not well formed.

    Raises:
        RefusedSoundError: it has no header, or its first frame has another sample rate.
    """
    if len(content) < 42 or content[4] & 0x7F:
        raise damaged("it does not begin with a STREAMINFO block")
    packed, frames = int.from_bytes(content[18:26], "big"), content[_flac_frames(content) :]
    alone = b"fLaC\x80" + content[5:18] + (packed & ~_SAMPLES).to_bytes(8, "big") + content[26:42] + frames
    rate, of_frame = packed >> 44, _flac_frame_rate(frames[:16])
    if of_frame and rate != of_frame:
        raise contradiction(f"its header announces {rate} Hz, its first frame {of_frame}")
    bits, md5 = (packed >> 36 & 31) + 1, content[26:42]
    whole_bytes = bits if bits in (8, 16, 24) else 0
    return Sound(alone, packed & _SAMPLES or None, md5 if any(md5) and whole_bytes else None, whole_bytes)


def _flac_frames(content: bytes) -> int:
    """Where the frames begin, behind the blocks of metadata."""
    position, last = 4, False
    while not last and position + 4 <= len(content):
        last = bool(content[position] & 0x80)
        position += 4 + int.from_bytes(content[position + 1 : position + 4], "big")
    return position


def _flac_frame_rate(head: bytes) -> int:
    """The sample rate in Hz that a frame's header says; 0 where it says none."""
    if len(head) < 16:
        return 0
    size, rate = head[2] >> 4, head[2] & 15
    if rate < 12:
        return _FLAC_RATES[rate]
    # The number of the frame, in as many bytes as UTF-8 would take; then the block's size, where its code says so.
    behind = 4 + max(1, 8 - (~head[4] & 0xFF).bit_length()) + {6: 1, 7: 2}.get(size, 0)
    if rate == 12:
        return head[behind] * 1000
    return int.from_bytes(head[behind : behind + 2], "big") * {13: 1, 14: 10}.get(rate, 0)


# -- Ogg -----------------------------------------------------------------------------------------------


def is_ogg(content: bytes) -> bool:
    """Whether the file is Ogg: Vorbis, Opus, FLAC, Speex."""
    return content[:4] == b"OggS"


def ogg_sound(content: bytes) -> Sound:
    """Checked page by page, since decoders pass over damaged and missing pages in silence.

    Raises:
        RefusedSoundError: a page's checksum or number is wrong, the last page is not marked as the end, or there are
            several streams.
    """
    position, pages, serial, last, payload = 0, 0, None, False, []
    while position < len(content) and not (last and content[position : position + 4] != b"OggS"):
        size, flags, stream, number = _page(content, position, pages)
        if serial is None:
            serial = stream
        if stream != serial:
            raise RefusedSoundError("several streams", "holds several streams; split it into one file each")
        if last:
            raise damaged(f"page {pages} follows one that is marked as the last")
        if number != pages:
            raise damaged(f"page {number} stands where page {pages} is expected")
        payload.append(content[position + 27 + content[position + 26] : position + size])
        position, pages, last = position + size, pages + 1, bool(flags & 4)
    if not last:
        raise RefusedSoundError("broke off", f"broke off: none of its {pages} pages is marked as the last")
    if payload[0].startswith(b"\x7fFLAC"):  # the packets of such a file are a FLAC, which libsndfile cannot always read
        return flac_sound(b"".join(payload)[9:])
    return Sound(content[:position])


def _page(content: bytes, start: int, number: int) -> tuple[int, int, int, int]:
    """Size, flags, stream and number of the page at byte `start`, after its checksum was compared."""
    head = content[start : start + 27]
    if head[:4] != b"OggS"[: len(head)]:
        raise damaged(f"page {number} is expected at byte {start}, and does not begin there")
    lengths = content[start + 27 : start + 27 + (head[26] if len(head) == 27 else 0)]
    end = start + 27 + len(lengths) + sum(lengths)
    if len(head) < 27 or len(lengths) < head[26] or end > len(content):
        raise RefusedSoundError("broke off", f"broke off: page {number}, at byte {start}, is not whole")
    flags, stream, sequence = struct.unpack_from("<5xB8xII", head)
    if not has_its_checksum(content[start:end]):
        raise damaged(f"the checksum of page {number}, at byte {start}, is wrong")
    return end - start, flags, stream, sequence


# -- MP3 -----------------------------------------------------------------------------------------------

_BITRATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by version (2 for 2.5) and layer (2 for III of version 2)."""


def is_mp3(content: bytes) -> bool:
    """Whether a file without tags begins with an MPEG audio frame that another, or its end, follows."""
    start = _first_frame(content)
    size = _frame_size(content, start)
    return bool(size) and (start + size >= len(content) or bool(_frame_size(content, start + size)))


def mp3_sound(content: bytes) -> Sound:
    """Checked frame by frame, since decoders search for the next frame in silence.

    Raises:
        RefusedSoundError: a frame does not begin where the one before ends, the last is not whole, the frames are
            fewer, more, or others than the first one announces (its Xing and LAME tags), or they change their sample
            rate or between one channel and two, at which the decoder would stop.
    """
    first = start = _first_frame(content)
    kind, sound, frames = content[start + 1] & 0xFE, (0, False), 0
    while start < len(content):
        size = _frame_size(content, start)
        if not size and not content[start:].strip(b"\0\r\n"):
            break
        if start + max(size, 4) > len(content):
            raise RefusedSoundError("broke off", f"broke off: its last frame, at byte {start}, is not whole")
        if not size or content[start + 1] & 0xFE != kind:
            raise damaged(f"frame {frames} is expected at byte {start}, and does not begin there")
        before, sound = sound, _rate_and_mono(content, start)
        if frames > 1 and sound != before:  # the first may be one that only counts the others
            raise RefusedSoundError(
                "several formats",
                f"changes its sample rate or number of channels at frame {frames}, as joined files do; split it, or "
                "convert it to one format",
            )
        start, frames = start + size, frames + 1
    _check_announced(content[first:start], frames - 1)
    return Sound(content[first:start])


def _check_announced(frames: bytes, count: int) -> None:
    """Compare what the first frame says about the `count` frames after it, where it says anything."""
    tag = 4 + (17 if frames[1] & 8 else 9) if frames[3] >> 6 == 3 else 4 + (32 if frames[1] & 8 else 17)
    if frames[tag : tag + 4] not in (b"Xing", b"Info") or len(frames) < tag + 156:
        return
    flags, announced = struct.unpack_from(">II", frames, tag + 4)
    if flags & 1 and count < announced:
        raise RefusedSoundError(
            "broke off", f"broke off: its header announces {announced} frames, the file holds {count}"
        )
    if flags & 1 and count > announced + 1:  # some encoders count the first frame too
        raise contradiction(f"its header announces {announced} frames, the file holds {count}")
    encoder = frames[tag + 120 : tag + 124]
    if encoder not in (b"LAME", b"Lavf", b"Lavc"):
        return
    length, music, own = struct.unpack_from(">IHH", frames, tag + 148)
    # ffmpeg ("Lavf") writes another checksum of the header, so only LAME's is compared.
    if own and encoder == b"LAME" and crc16(frames[: tag + 154]) != own:
        raise damaged("the checksum of its header (the LAME tag) is wrong")
    if own and length == len(frames) and crc16(frames[_frame_size(frames, 0) :]) != music:
        raise damaged("the checksum of its frames (in the LAME tag) is wrong")


def _first_frame(content: bytes) -> int:
    return len(content) - len(content.lstrip(b"\0"))


def _rate_and_mono(content: bytes, start: int) -> tuple[int, bool]:
    """The code of the sample rate, and whether there is one channel, of the frame at byte `start`."""
    return content[start + 2] >> 2 & 3, content[start + 3] >> 6 == 3


def _frame_size(content: bytes, start: int) -> int:
    """Bytes of the frame whose header is at byte `start`; 0 where there is none."""
    head = content[start : start + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    divisor, layer = {3: 1, 2: 2, 0: 4}.get(head[1] >> 3 & 3), 4 - (head[1] >> 1 & 3)
    rate, speed, padding = head[2] >> 2 & 3, head[2] >> 4, head[2] >> 1 & 1
    if divisor is None or layer == 4 or rate == 3 or speed in (0, 15):
        return 0
    hertz = (44_100, 48_000, 32_000)[rate] // divisor
    kbits = _BITRATES[(1, layer) if divisor == 1 else (2, min(layer, 2))][speed - 1]
    if layer == 1:
        return (12_000 * kbits // hertz + padding) * 4
    return (144_000 if layer == 2 or divisor == 1 else 72_000) * kbits // hertz + padding


def _crc16_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC16 = np.array(_crc16_table(), dtype=np.uint16)
_PIECES = 4_096


def crc16(content: bytes) -> int:
    """CRC-16/ARC, of many pieces side by side.

    Zeros in front change nothing, so the content is filled up to pieces of one length. The checksum of two pieces is
    that of the second, and that of the first as zeros of the second's length leave it.
    """
    columns = max(1, -(-len(content) // _PIECES))
    pieces = np.frombuffer(content.rjust(columns * _PIECES, b"\0"), dtype=np.uint8).reshape(_PIECES, columns)
    values = np.zeros(_PIECES + 16, dtype=np.uint16)
    values[_PIECES:] = 1 << np.arange(16)  # each bit, to see what zeros make of it
    for column in np.vstack([pieces, np.zeros((16, columns), dtype=np.uint8)]).T:
        values = values >> 8 ^ _CRC16[(values ^ column) & 0xFF]
    bits, value = [int(bit) for bit in values[_PIECES:]], 0
    for piece in values[:_PIECES]:
        before, value = value, int(piece)
        for bit, left in enumerate(bits):
            value ^= left if before >> bit & 1 else 0
    return value
