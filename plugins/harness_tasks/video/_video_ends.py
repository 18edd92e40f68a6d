"""Whether a video file ends where its own header says; each container says it in another way.

A file that is cut off plays up to the cut in most players, and the decoder notices nothing if the cut lies between two
frames. Sizes that a writer left open (a broadcast, a recording that was stopped) say nothing and pass.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from harness.errors import DataError
from harness_tasks.video._video_containers import NOT_IN_FORM, end_of_asf, end_of_matroska, end_of_ogg
from harness_tasks.video._video_errors import CUT_OFF, DAMAGED, UnreadableVideoError

_OPEN = (0, 0xFFFFFFFF)  # a RIFF size that was never filled in
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_GIF_FILLING = 8  # zeros between blocks, which some writers leave
_FLASH_SIZE = b"\0\x08filesize\0"  # followed by a double
_SYNC = b"\x47"
_MISCOUNTED = 8  # bytes by which writers of AVI files count too many: the RIFF chunk's own header, or a byte of filling
_BOXES = frozenset(b"ftyp styp moov moof mdat mfra free skip wide pnot pdin udta meta uuid sidx ssix emsg prft".split())
"""Boxes that may be cut off at the end; others that go beyond the end of the file are none, but were appended."""


def check_end(path: Path) -> None:
    """Compare the size of a file with what its header announces.

    Raises:
        UnreadableVideoError: the file is empty, shorter than it says, or its checksums are not those of its content.
        OSError: it cannot be read.
    """
    size = os.path.getsize(path)
    if not size:
        raise UnreadableVideoError(path, "cannot be used as a video: it is empty (0 bytes)", "empty")
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        try:
            announced = next((end(file, size) for starts, end in _CONTAINERS if starts(head)), 0)
        except DataError as error:
            raise UnreadableVideoError(path, f"is damaged: {error}", DAMAGED) from None
    if announced > size:
        raise UnreadableVideoError(path, f"is cut off: it has {size} bytes of {announced} or more", CUT_OFF)


def chunks_of_avi(path: Path, stream: int) -> int:
    """How many chunks an AVI file's index lists for a stream; with those of 0 bytes, which PyAV leaves out.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[4:], "little")
            if head[:4] == b"idx1":
                entries = file.read(length)
                return sum(entries[at : at + 2] == b"%02d" % stream for at in range(0, len(entries), 16))
            file.seek(length + length % 2, os.SEEK_CUR)
    return 0


def _boxes(file: BinaryIO, size: int) -> int:
    """ISO base media (mp4, mov, 3gp): boxes one after the other, each with its size."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if len(head) < 8:
            return size if head[0] else position + 8  # no box of less than 16 MiB begins with another byte than 0
        if length == 1:
            length = int.from_bytes(head[8:16])
        if length < 8 or not kind.isalnum() or (position + length > size and kind not in _BOXES):
            return size  # to the end of the file, or no box but what somebody appended
        position += length
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
        if size < position + 8 + length <= size + _MISCOUNTED and _ends_with_a_chunk(file, position + 12, size):
            return size
        position += 8 + length
    return position


def _ends_with_a_chunk(file: BinaryIO, position: int, size: int) -> bool:
    """Whether chunks follow one another up to the last byte of the file."""
    pad = 0
    while position < size:
        file.seek(position)
        length = int.from_bytes(file.read(8)[4:], "little")
        pad = length % 2
        position += 8 + length + pad
    return position - size in (0, pad)


def _flash(file: BinaryIO, size: int) -> int:
    """FLV: tags, each with the size of its data; and the size of the file among the metadata."""
    at = file.read(1 << 16).find(_FLASH_SIZE)
    file.seek(max(0, at) + len(_FLASH_SIZE))
    announced = struct.unpack(">d", file.read(8).ljust(8, b"\0"))[0] if at >= 0 else 0.0
    if size < announced < float("inf"):
        return int(announced)
    position = 13
    while position < size:
        file.seek(position)
        head = file.read(11)
        if head[0] & 0x1F not in (8, 9, 18):
            return size  # no tag
        position += 15 + int.from_bytes(head[1:4]) if len(head) == 11 else 11
    return position


def _transport(file: BinaryIO, size: int) -> int:
    """MPEG transport streams: packets of 188 bytes (192 with a time code in front)."""
    for offset, length in ((0, 188), (4, 192)):
        if all(_at(file, offset + number * length) == _SYNC for number in range(3)):
            whole = size // length * length
            return whole + length if _at(file, whole + offset) == _SYNC else size
    return size


def _program(file: BinaryIO, size: int) -> int:
    """MPEG program streams: packs, and packets with the size of their data."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(14)
        if head[:3] != b"\0\0\1"[: len(head)] or not head.strip(b"\0"):
            return size
        if len(head) < 6:
            return size if head[3:4] == b"\xb9" else size + 1
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
            raise DataError(NOT_IN_FORM)
        else:
            return size + 1
        while length := int.from_bytes(file.read(1)):
            file.seek(length, os.SEEK_CUR)
        if file.tell() > size:
            return size + 1


def _skip_palette(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << (flags[0] & 7) + 1, os.SEEK_CUR)


_CONTAINERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], int]], ...] = (
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"), _boxes),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", _riff),
    (lambda head: head[:4] == b"\x1a\x45\xdf\xa3", end_of_matroska),
    (lambda head: head[:4] == b"OggS", end_of_ogg),
    (lambda head: head[:3] == b"FLV", _flash),
    (lambda head: head[:16] == _ASF_HEADER, end_of_asf),
    (lambda head: head[:4] == b"GIF8", _gif),
    (lambda head: head[:4] == b"\0\0\1\xba", _program),
    (lambda head: _SYNC in (head[:1], head[4:5]), _transport),
)
"""By the first bytes: how to find the end that a container announces."""
