"""Video files opened in PyAV, and what FFmpeg says of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness_tasks.video._video_errors import UnreadableVideoError

if TYPE_CHECKING:
    import av

_PLAYLISTS = frozenset({"hls", "dash", "concat", "sdp", "rtsp", "rtp", "imf", "image2", "lavfi", "tty", "txd"})

_STILLS = frozenset({"avif", "heic", "heix", "heim", "heis", "mif1", "miaf"})
"""Brands of HEIF pictures, which are in the form of MP4."""

Complaint = tuple[int, str, str]
"""Level, name of the part that speaks, and text."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """The file in PyAV, as a file and nothing but: never what a playlist names, never a network.

    Raises:
        UnreadableVideoError: it is a list of other files, or a picture.
    """
    import av

    av.logging.set_level(av.logging.PANIC)  # what is wrong with a file is said in the exception
    options = {"protocol_whitelist": "file", "err_detect": "crccheck"}
    with av.open(f"file:{os.path.abspath(path)}", "r", options=options, metadata_errors="replace") as container:
        if set(container.format.name.split(",")) & _PLAYLISTS:
            raise UnreadableVideoError(path, "cannot be used as a video: it is a list of other files")
        if container.format.name.endswith("_pipe") or container.metadata.get("major_brand") in _STILLS:
            raise UnreadableVideoError(path, "cannot be used as a video: it is a picture")
        yield container


@contextlib.contextmanager
def complaints() -> Iterator[list[Complaint]]:
    """What FFmpeg logs in this thread meanwhile, of which nothing is printed."""
    import av

    with av.logging.Capture(local=True) as logs:
        av.logging.set_level(av.logging.INFO)
        try:
            yield logs
        finally:
            av.logging.set_level(av.logging.PANIC)
