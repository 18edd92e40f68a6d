"""The part of the picture that a container says to show: Matroska's PixelCrop elements and MP4's `clap` boxes.

Cropping by the codec is done by the decoder; PyAV does not pass on what the container adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

_MOST = 1 << 26  # bytes of an MP4's header
_FIRST = 1 << 20  # bytes of a Matroska file, near whose start the tracks are described
_SEGMENT, _TRACKS, _ENTRY, _KIND, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0x83, 0xE0
_TOP, _BOTTOM, _LEFT, _RIGHT = 0x54BB, 0x54AA, 0x54CC, 0x54DD
_SAMPLE_ENTRY = 78  # bytes of a visual sample entry before its boxes


class Crop(NamedTuple):
    """Rows and columns to take off the picture as it is coded, before it is turned; half ones are rounded."""

    top: float = 0
    bottom: float = 0
    left: float = 0
    right: float = 0

    def of(self, picture: np.ndarray) -> np.ndarray:
        """The part of a picture (Y, X, C) to show; all of it if nothing would be left."""
        top, bottom, left, right = (max(0, round(side)) for side in self)
        part = picture[top : picture.shape[0] - bottom, left : picture.shape[1] - right]
        return part if part.size else picture


def crops(path: Path) -> list[Crop]:
    """What to take off the pictures of each video track, in the order of the file; [] where it does not say.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(8)
        file.seek(0)
        if head[:4] == b"\x1a\x45\xdf\xa3":
            for identity, content in _elements(file.read(_FIRST)):
                if identity == _SEGMENT:
                    return [
                        crop for kind, tracks in _elements(content) if kind == _TRACKS for crop in _matroska(tracks)
                    ]
        elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
            while len(head := file.read(16)) >= 8:
                length = int.from_bytes(head[8:16]) if head[:4] == b"\0\0\0\1" else int.from_bytes(head[:4])
                if head[4:8] == b"moov":
                    return list(_iso(head[8:] + file.read(max(0, min(length - 16, _MOST)))))
                if length < 8:
                    break
                file.seek(length - len(head), 1)
    return []


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The EBML elements in a piece of data; one of unknown size reaches to its end."""
    position = 0
    while position < len(content):
        identity, after = _number(content, position, keep_marker=True)
        length, start = _number(content, after, keep_marker=False)
        if start <= after or after <= position:
            return
        unknown = length == (1 << 7 * (start - after)) - 1
        end = len(content) if unknown else start + length
        yield identity, content[start:end]
        position = end


def _number(content: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """A number of variable length, and where it ends; a place before it if there is none."""
    if position >= len(content) or not content[position]:
        return 0, position
    width = 9 - content[position].bit_length()
    value = int.from_bytes(content[position : position + width])
    return value if keep_marker else value - (1 << 7 * width), position + width


def _matroska(tracks: bytes) -> Iterator[Crop]:
    for identity, entry in _elements(tracks):
        fields = dict(_elements(entry)) if identity == _ENTRY else {}
        if fields.get(_KIND) == b"\1":
            video = dict(_elements(fields.get(_VIDEO, b"")))
            yield Crop(*(int.from_bytes(video.get(side, b"")) for side in (_TOP, _BOTTOM, _LEFT, _RIGHT)))


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(content):
        length = int.from_bytes(content[position : position + 4])
        if length < 8:
            return
        yield content[position + 4 : position + 8], content[position + 8 : position + length]
        position += length


def _iso(movie: bytes) -> Iterator[Crop]:
    for kind, track in _boxes(movie):
        media = dict(_boxes(dict(_boxes(track)).get(b"mdia", b""))) if kind == b"trak" else {}
        if media.get(b"hdlr", b"")[8:12] != b"vide":
            continue
        table = dict(_boxes(dict(_boxes(media.get(b"minf", b""))).get(b"stbl", b"")))
        entry = next(_boxes(table.get(b"stsd", b"")[8:]), (b"", b""))[1]
        aperture = dict(_boxes(entry[_SAMPLE_ENTRY:])).get(b"clap", b"")
        size = [int.from_bytes(entry[at : at + 2]) for at in (24, 26)]
        yield _aperture(aperture, size) if len(aperture) == 32 else Crop()


def _aperture(box: bytes, size: list[int]) -> Crop:
    """Width, height and the centre's distance to the right and down, each a fraction of two numbers."""
    numbers = np.frombuffer(box, dtype=">i4").astype(float)
    if not numbers[1::2].all():
        return Crop()
    width, height, right, down = numbers[0::2] / numbers[1::2]
    left, top = (size[0] - width) / 2 + right, (size[1] - height) / 2 + down
    return Crop(top, size[1] - height - top, left, size[0] - width - left)
