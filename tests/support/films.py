"""Films made for tests: pictures at their stamps in any container, and what was taken from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from harness_tasks.video.video_files import decode

RATE = 20
NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def grey(level: int) -> np.ndarray:
    return np.full((32, 32, 3), level, dtype=np.uint8)


@dataclass(frozen=True)
class Track:
    """Pictures at their stamps, in 1/20 s."""

    pictures: Sequence[np.ndarray]
    stamps: Sequence[int] | None = None
    codec: str = "mpeg4"
    pix_fmt: str = "yuv420p"
    disposition: Disposition | None = None
    rotate: tuple[Any, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    def stream(self, container: Any) -> Any:
        stream = container.add_stream(self.codec, rate=RATE, options=self.options)
        stream.height, stream.width = self.pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = self.pix_fmt, 4_000_000
        stream.codec_context.time_base = Fraction(1, RATE)
        if self.disposition is not None:
            stream.disposition = self.disposition
        if self.rotate:
            stream.set_display_rotation(*self.rotate)
        return stream

    def frames(self) -> Iterable[av.VideoFrame]:
        for stamp, picture in zip(self.stamps or range(len(self.pictures)), self.pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgba" if picture.shape[2] == 4 else "rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, RATE)
            yield frame


def write(path: Path, *tracks: Track, **muxing: str) -> Path:
    with av.open(str(path), "w", options=muxing) as container:
        streams = [track.stream(container) for track in tracks]
        for track, stream in zip(tracks, streams, strict=True):
            for frame in (*track.frames(), None):
                container.mux(stream.encode(frame))
    return path


def film(
    path: Path,
    pictures: Iterable[np.ndarray],
    stamps: Sequence[int] | None = None,
    codec: str = "mpeg4",
    **options: str,
) -> Path:
    """A file with one track."""
    return write(path, Track(list(pictures), stamps, codec, options=options))


def levels(path: Path, frames: int) -> list[int]:
    """Grey values of the frames taken, rounded to tens."""
    return [round(value / 10) * 10 for value in decode(path, frames, (8, 8)).mean(axis=(1, 2, 3))]


def noisy(count: int) -> list[np.ndarray]:
    return [np.roll(NOISE, 2 * t, axis=1) for t in range(count)]
