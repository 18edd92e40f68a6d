"""Where Matroska, Ogg and ASF files end by their own account, and whether their parts are in order.

The functions take an open file and its size, and return the size that the file announces; a size that it leaves open
is the one that it has.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from harness.errors import DataError
from harness_tasks.sound._ogg_pages import has_its_checksum

NOT_IN_FORM = "a part of it is not in the form of its container"
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = b"\x5d"  # of every packet, as the specification wants it
_BROADCAST = 1
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_NO_MASTERS = (0xEC, 0xBF, 0xA3)  # filling, a checksum, a frame
_CHECKSUM = b"\xbf\x84"  # a CRC-32 element of four bytes
_CHANGED = "its content has another checksum than it says"


def end_of_matroska(file: BinaryIO, size: int) -> int:
    """Matroska and WebM: a header, and a segment of a size that may be unknown, whose elements may have checksums.

    Raises:
        DataError: a checksum differs, or a part is no element.
    """
    position, within, live = 0, None, False
    while position < (size if within is None else within):
        file.seek(position)
        identity, after = _number(file, keep_marker=True)
        length, after = _number(file, keep_marker=False, consumed=after)
        if identity is None:
            if within is None:
                return size
            raise DataError(NOT_IN_FORM)
        if length is None:
            if identity not in (_SEGMENT, _CLUSTER):
                return size
            position += after  # of unknown size, as live recordings write them; what is in them has a size
            within, live = size if within is None else within, live or within is None
            continue
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
    return max(position, size) if live else size


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


def end_of_ogg(file: BinaryIO, size: int) -> int:
    """Ogg: pages with checksums, the last one marked as the last.

    Raises:
        DataError: a checksum differs.
    """
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
        if not has_its_checksum(head + lengths + file.read(sum(lengths))):
            raise DataError(_CHANGED)
        last = bool(head[5] & 4)
        position += length
    return size if last else size + 1


def end_of_asf(file: BinaryIO, size: int) -> int:
    """WMV: the header's own size of the file, if it is no broadcast; and the data's.

    Raises:
        DataError: a packet is not what the specification wants.
    """
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
            raise DataError(NOT_IN_FORM)
    return max(announced, end)


def _chunks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := file.read(min(length, 1 << 20))):
        length -= len(chunk)
        yield chunk
