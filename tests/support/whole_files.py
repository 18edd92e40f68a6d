"""Small whole files of every kind that readers of data sets accept, made anew."""

from __future__ import annotations

import gzip
import io
from fractions import Fraction
from typing import Any

import numpy as np

TEXT = (
    "The café on the corner opens at nine.\nПривет, мир: всё готово.\n我很喜欢这个城市。\nna\u00efve words\tand tabs\n"
    * 6
)
RATE = 16_000


def audio(container: str, subtype: str) -> bytes:
    """0.4 s of two tones and noise."""
    import soundfile

    time = np.arange(int(0.4 * RATE)) / RATE
    noise = np.random.default_rng(0).normal(size=len(time))
    wave = 0.3 * np.sin(880 * time) + 0.1 * np.sin(2500 * time) + 0.02 * noise
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format=container, subtype=subtype)
    return file.getvalue()


def film(container: str, codec: str) -> bytes:
    """Sixteen frames at 25 a second; each frame is brighter than the one before."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as opened:
        stream: Any = opened.add_stream(codec, rate=25)
        stream.width = stream.height = 48
        stream.pix_fmt = "yuv420p"
        pattern = np.random.default_rng(0).integers(0, 60, (48, 48, 3), dtype=np.uint8)
        for t in range(16):
            frame = av.VideoFrame.from_ndarray(pattern + np.uint8(10 * t), format="rgb24")
            frame.pts, frame.time_base = t, Fraction(1, 25)
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode())
    return file.getvalue()


def whole_files() -> dict[str, bytes]:
    """Content by file name; the ending says the kind."""
    return {
        "pcm16.wav": audio("WAV", "PCM_16"),
        "float.wav": audio("WAV", "FLOAT"),
        "pcm24.aiff": audio("AIFF", "PCM_24"),
        "a.flac": audio("FLAC", "PCM_16"),
        "vorbis.ogg": audio("OGG", "VORBIS"),
        "opus.ogg": audio("OGG", "OPUS"),
        "a.mp3": audio("MP3", "MPEG_LAYER_III"),
        "h264.mp4": film("mp4", "libx264"),
        "h264.mkv": film("matroska", "libx264"),
        "mpeg4.avi": film("avi", "mpeg4"),
        "vp8.webm": film("webm", "libvpx"),
        "mpeg1.mpg": film("mpeg", "mpeg1video"),
        "a.txt": TEXT.encode(),
        "a.txt.gz": gzip.compress(TEXT.encode(), mtime=0),
    }
