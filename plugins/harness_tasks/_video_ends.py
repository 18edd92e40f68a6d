"""Whether a video file ends where its own header says; each container says it in another way.

A file that is cut off plays up to the cut in most players, and the decoder notices nothing if the cut lies between two
frames. Sizes that a writer left open (a broadcast, a recording that was stopped) say nothing and pass.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from harness.data.foreign import shown
from harness.errors import DataError

_OPEN = (0, 0xFFFFFFFF)  # a RIFF size that was never filled in
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = b"\x5d"  # of every packet, as the specification wants it
_BROADCAST = 1
_GIF_FILLING = 8  # zeros between blocks, which some writers leave
_SYNC = b"\x47"
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_NO_MASTERS = (0xEC, 0xBF, 0xA3)  # filling, a checksum, a frame
_CHECKSUM = b"\xbf\x84"  # a CRC-32 element of four bytes
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_NO_ELEMENT = "a part of it is not in the form of its container"
_CHANGED = "its content has another checksum than it says"


def check_end(path: Path) -> None:
    """Compare the size of a file with what its header announces.

    Raises:
        DataError: the file is empty, shorter than it says, or its checksums are not those of its content.
        OSError: it cannot be read.
    """
    size = os.path.getsize(path)
    if not size:
        raise DataError(f"{shown(path)} cannot be used as a video: it is empty (0 bytes).")
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        try:
            announced = next((end(file, size) for starts, end in _CONTAINERS if starts(head)), 0)
        except DataError as error:
            raise DataError(f"{shown(path)} is damaged: {error}.") from None
    if announced > size:
        raise DataError(f"{shown(path)} is cut off: it has {size} bytes of {announced} or more.")


def _boxes(file: BinaryIO, size: int) -> int:
    """ISO base media (mp4, mov, 3gp): boxes one after the other, each with its size."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16])
        if len(head) >= 8 and (length < 8 or not kind.isalnum()):
            return size  # to the end of the file, or no box but what somebody appended
        position += length if len(head) >= 8 else 8
    return position


def _riff(file: BinaryIO, size: int) -> int:
    """AVI: one RIFF chunk, and more of them after the first gigabyte."""
    position = 0
    while position + 12 <= size:
        file.seek(position)
        head = file.read(12)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or length in _OPEN:
            return size
        position += 8 + length
    return position


def _ebml(file: BinaryIO, size: int) -> int:
    """Matroska and WebM: a header, and a segment of a size that may be unknown, whose elements may have checksums."""
    position, within = 0, None
    while position < (size if within is None else within):
        file.seek(position)
        identity, after = _number(file, keep_marker=True)
        length, after = _number(file, keep_marker=False, consumed=after)
        if identity is None:
            if within is None:
                return size
            raise DataError(_NO_ELEMENT)
        if length is None:
            return size
        position += after
        if identity == _SEGMENT:
            within = position + length
            if within > size:
                return within
            continue
        if identity not in _NO_MASTERS:
            _check_element(file, length)
        if identity != _CLUSTER:
            position += length
    return size


def _check_element(file: BinaryIO, length: int) -> None:
    """Compare an element with the checksum that its first child holds, if it is one."""
    mark = file.read(6)
    if length > 6 and mark[:2] == _CHECKSUM:
        found = 0
        for chunk in _chunks(file, length - 6):
            found = zlib.crc32(chunk, found)
        if found != int.from_bytes(mark[2:], "little"):
            raise DataError(_CHANGED)


def _number(file: BinaryIO, *, keep_marker: bool, consumed: int = 0) -> tuple[int | None, int]:
    """A number of variable length, or None where it is unknown or none; and the bytes read so far."""
    first = file.read(1)
    if not first or not first[0]:
        return None, consumed
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1))
    marker = 1 << 7 * width
    if keep_marker:
        return value, consumed + width
    return (None if value == 2 * marker - 1 else value - marker), consumed + width


def _ogg(file: BinaryIO, size: int) -> int:
    """Ogg: pages with checksums, the last one marked as the last."""
    position, last = 0, False
    while position < size:
        file.seek(position)
        head = file.read(27)
        if head[:4] != b"OggS":
            return size if last else size + 1
        lengths = file.read(head[26]) if len(head) == 27 else b""
        length = len(head) + len(lengths) + sum(lengths)
        if len(head) < 27 or len(lengths) < head[26] or position + length > size:
            return position + max(length, size - position + 1)
        page = head[:22] + bytes(4) + head[26:] + lengths + file.read(sum(lengths))
        # The checksum of Ogg is that of zlib with the bits of every byte, and of the result, in the other order.
        found = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
        if found.to_bytes(4, "little").translate(_MIRRORED) != head[22:26][::-1]:
            raise DataError(_CHANGED)
        last = bool(head[5] & 4)
        position += length
    return size if last else size + 1


def _flash(file: BinaryIO, size: int) -> int:
    """FLV: tags, each with the size of its data."""
    position = 13
    while position < size:
        file.seek(position)
        head = file.read(11)
        if len(head) == 11 and head[0] & 0x1F not in (8, 9, 18):
            return size
        position += 15 + int.from_bytes(head[1:4]) if len(head) == 11 else 11
    return position


def _asf(file: BinaryIO, size: int) -> int:
    """WMV: the header's own size of the file, if it is no broadcast; and the data's."""
    head = file.read(1 << 16)
    at = head.find(_ASF_FILE)
    if at >= 0 and len(head) >= at + 92 and int.from_bytes(head[at + 88 : at + 92], "little") & _BROADCAST:
        return size
    announced = int.from_bytes(head[at + 40 : at + 48], "little") if at >= 0 else 0
    packet = int.from_bytes(head[at + 92 : at + 96], "little") if at >= 0 else 0
    start = int.from_bytes(head[16:24], "little")
    file.seek(start)
    data = file.read(24)
    if data[:16] != _ASF_DATA:
        return announced
    end = start + int.from_bytes(data[16:24], "little")
    for position in range(start + 50, min(end, size), packet or size):
        file.seek(position)
        flags = file.read(20)
        skip = 1 + (flags[0] & 0x0F) if flags[0] & 0x80 else 0  # error correction
        if position + packet <= size and flags[skip + 1 : skip + 2] != _ASF_PROPERTIES:
            raise DataError(_NO_ELEMENT)
    return max(announced, end)


def _transport(file: BinaryIO, size: int) -> int:
    """MPEG transport streams: packets of 188 bytes (192 with a time code in front)."""
    for offset, length in ((0, 188), (4, 192)):
        if all(_at(file, offset + number * length) == _SYNC for number in range(3)):
            return -(-size // length) * length
    return size


def _program(file: BinaryIO, size: int) -> int:
    """MPEG program streams: packs, and packets with the size of their data."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(14)
        if head[:3] != b"\0\0\1" or len(head) < 6:
            return size if head.strip(b"\0") == b"" and len(head) < 3 else size + (len(head) < 4)
        if head[3] == 0xB9:
            return size
        if head[3] == 0xBA:
            position += 14 + (head[13] & 7) if len(head) == 14 and head[4] >> 6 == 1 else 12
        elif head[3] >= 0xBB:
            position += 6 + int.from_bytes(head[4:6])
        else:
            return size
    return position


def _at(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(1)


def _gif(file: BinaryIO, size: int) -> int:
    """GIF: blocks up to a trailer."""
    head = file.read(13)
    _skip_palette(file, head[10:11])
    filling = 0
    while True:
        kind = file.read(1)
        if kind == b"\x3b":
            return size
        if kind == b"\x2c":
            _skip_palette(file, file.read(9)[8:9])
            file.read(1)
        elif kind == b"\x21":
            file.read(1)
        elif kind == b"\0" and filling < _GIF_FILLING:
            filling += 1
            continue
        elif kind:
            raise DataError(_NO_ELEMENT)
        else:
            return size + 1
        while length := int.from_bytes(file.read(1)):
            file.seek(length, os.SEEK_CUR)
        if file.tell() > size:
            return size + 1


def _skip_palette(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << (flags[0] & 7) + 1, os.SEEK_CUR)


def _chunks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := file.read(min(length, 1 << 20))):
        length -= len(chunk)
        yield chunk


_CONTAINERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], int]], ...] = (
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"), _boxes),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", _riff),
    (lambda head: head[:4] == b"\x1a\x45\xdf\xa3", _ebml),
    (lambda head: head[:4] == b"OggS", _ogg),
    (lambda head: head[:3] == b"FLV", _flash),
    (lambda head: head[:16] == _ASF_HEADER, _asf),
    (lambda head: head[:4] == b"GIF8", _gif),
    (lambda head: head[:4] == b"\0\0\1\xba", _program),
    (lambda head: _SYNC in (head[:1], head[4:5]), _transport),
)
"""By the first bytes: how to find the end that a container announces."""
