"""FLAC, Ogg and MP3: what their own checksums, counts and marks of an end say, before they are decoded.

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg), ISO 11172-3 and the LAME tag's description (MP3).
"""

from __future__ import annotations

import struct
import zlib

from harness_tasks._sound_bytes import RefusedSoundError, Sound, contradiction, damaged

_SAMPLES = (1 << 36) - 1
_FLAC_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
"""Hz by the code in a frame's header; 0: as STREAMINFO says."""


def without_leading_tags(content: bytes) -> bytes:
    """The file without ID3v2 tags before it."""
    start = 0
    while content[start : start + 3] == b"ID3" and start + 10 <= len(content):
        a, b, c, d = (byte & 0x7F for byte in content[start + 6 : start + 10])
        start += 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if content[start + 5] & 0x10 else 0)
    return content[start:]


def without_trailing_tags(content: bytes) -> bytes:
    """The file without an ID3v1 and an APEv2 tag behind it."""
    if content[-128:-125] == b"TAG":
        content = content[:-128]
    if content[-32:-24] == b"APETAGEX":
        size, flags = struct.unpack_from("<I4xI", content, len(content) - 20)
        content = content[: -min(len(content), size + (32 if flags >> 31 else 0))]
    return content


# -- FLAC ----------------------------------------------------------------------------------------------


def is_flac(content: bytes) -> bool:
    """Whether a file without tags is FLAC."""
    return content[:4] == b"fLaC"


def flac_sound(content: bytes) -> Sound:
    """A FLAC whose header says that its length is unknown, so that decoding goes on to its end and finds all damage.

    Raises:
        RefusedSoundError: it has no header, or its first frame has another sample rate.
    """
    if len(content) < 42 or content[4] & 0x7F:
        raise damaged("it does not begin with a STREAMINFO block")
    packed = int.from_bytes(content[18:26], "big")
    header = content[:18] + (packed & ~_SAMPLES).to_bytes(8, "big") + content[26:]
    rate, of_frame = packed >> 44, _flac_frame_rate(content)
    if of_frame and rate != of_frame:
        raise contradiction(f"its header announces {rate} Hz, its first frame {of_frame}")
    bits, md5 = (packed >> 36 & 31) + 1, content[26:42]
    whole_bytes = bits if bits in (8, 16, 24) else 0
    return Sound(header, packed & _SAMPLES or None, md5 if any(md5) and whole_bytes else None, whole_bytes)


def _flac_frame_rate(content: bytes) -> int:
    """The sample rate in Hz that the first frame's header says; 0 where it says none."""
    position, last = 4, False
    while not last and position + 4 <= len(content):
        last = bool(content[position] & 0x80)
        position += 4 + int.from_bytes(content[position + 1 : position + 4], "big")
    head = content[position : position + 16]
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

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


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
    while position < len(content) and not (last and not content[position:].strip(b"\0")):
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
    return Sound(content)


def _page(content: bytes, start: int, number: int) -> tuple[int, int, int, int]:
    """Size, flags, stream and number of the page at byte `start`, after its checksum was compared."""
    head = content[start : start + 27]
    if head[:4] != b"OggS"[: len(head)]:
        raise damaged(f"page {number} is expected at byte {start}, and does not begin there")
    lengths = content[start + 27 : start + 27 + (head[26] if len(head) == 27 else 0)]
    end = start + 27 + len(lengths) + sum(lengths)
    if len(head) < 27 or len(lengths) < head[26] or end > len(content):
        raise RefusedSoundError("broke off", f"broke off: page {number}, at byte {start}, is not whole")
    flags, stream, sequence, checksum = struct.unpack_from("<5xB8xIII", head)
    # Ogg's CRC is zlib's with the bits of bytes and result mirrored, and no inversion before and after.
    mirrored = (head[:22] + bytes(4) + content[start + 26 : end]).translate(_MIRRORED)
    found = zlib.crc32(mirrored, 0xFFFFFFFF) ^ 0xFFFFFFFF
    if int.from_bytes(found.to_bytes(4, "little").translate(_MIRRORED), "big") != checksum:
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
        RefusedSoundError: a frame does not begin where the one before ends, the last is not whole, or the frames are
            fewer, more, or others than the first one announces (its Xing and LAME tags).
    """
    first = start = _first_frame(content)
    kind, frames = content[start + 1] & 0xFE, 0
    while start < len(content):
        size = _frame_size(content, start)
        if not size and not content[start:].strip(b"\0"):
            break
        if start + max(size, 4) > len(content):
            raise RefusedSoundError("broke off", f"broke off: its last frame, at byte {start}, is not whole")
        if not size or content[start + 1] & 0xFE != kind:
            raise damaged(f"frame {frames} is expected at byte {start}, and does not begin there")
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
    if own and encoder == b"LAME" and _crc16(frames[: tag + 154]) != own:
        raise damaged("the checksum of its header (the LAME tag) is wrong")
    if own and length == len(frames) and _crc16(frames[_frame_size(frames, 0) :]) != music:
        raise damaged("the checksum of its frames (in the LAME tag) is wrong")


def _first_frame(content: bytes) -> int:
    return len(content) - len(content.lstrip(b"\0"))


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


_CRC16 = _crc16_table()


def _crc16(content: bytes) -> int:
    """CRC-16/ARC."""
    value = 0
    for byte in content:
        value = value >> 8 ^ _CRC16[(value ^ byte) & 0xFF]
    return value
