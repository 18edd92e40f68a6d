"""Videos to a fixed number of small frames: files through PyAV, pictures in memory, both scaled by torchvision.

For data sets of video files, and for models that were trained on clips.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

_MISSING = 0.1  # largest share of announced frames that may be missing before the file counts as cut off


class UnreadableVideoError(Exception):
    """The file cannot be decoded; the message says why."""


def decode(path: Path, frames: int, size: tuple[int, int]) -> np.ndarray:
    """Frames at even distances over the whole video, uint8 (frames, *size, 3); size: height and width.

    The picture is squeezed to that, so that nothing at its edges is lost; a video of fewer frames than
    asked for repeats some.

    Raises:
        UnreadableVideoError: no video in it, not decodable, or cut off.
    """
    import av
    import torch
    from torchvision.transforms.v2 import functional

    av.logging.set_level(av.logging.PANIC)  # what is wrong with a file is said in the exception
    try:
        count = _count(path)
        wanted = _even(count, frames)
        small: dict[int, torch.Tensor] = {}
        decoded = 0
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                if decoded in wanted:
                    picture = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)  # (C, Y, X)
                    small[decoded] = functional.resize(picture, list(size), antialias=True)
                decoded += 1
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise UnreadableVideoError(f"{type(error).__name__}: {_reason(error)}") from error
    if decoded < count * (1 - _MISSING):
        raise UnreadableVideoError(f"only {decoded} of {count} frames can be decoded")
    last = max(small)  # a decoder may yield a frame or two fewer than the file has packets
    clip = torch.stack([small.get(int(i), small[last]) for i in wanted])  # (T, C, Y, X)
    return clip.permute(0, 2, 3, 1).numpy()


def squeeze(pictures: np.ndarray, frames: int, size: tuple[int, int]) -> np.ndarray:
    """As `decode`, of a video that is in memory, uint8 (n, height, width, 3)."""
    import torch
    from torchvision.transforms.v2 import functional

    chosen = torch.from_numpy(np.ascontiguousarray(pictures[_even(len(pictures), frames)]))
    scaled = functional.resize(chosen.permute(0, 3, 1, 2), list(size), antialias=True)  # (T, C, Y, X)
    return scaled.permute(0, 2, 3, 1).numpy()


def pixels(pictures: np.ndarray) -> np.ndarray:
    """float32 (T, C, Y, X), 0..1, of a clip uint8 (T, Y, X, C)."""
    clip = pictures.transpose(0, 3, 1, 2).astype(np.float32)
    return np.divide(clip, 255, out=clip)


def _even(count: int, frames: int) -> np.ndarray:
    """Positions of `frames` frames at even distances among `count`."""
    return np.linspace(0, count - 1, frames).round().astype(int)


def _count(path: Path) -> int:
    """How many frames the video has: announced in its header or counted in packets, whichever is more."""
    import av

    with av.open(str(path)) as container:
        if not container.streams.video:
            raise UnreadableVideoError("it holds no video stream")
        stream = container.streams.video[0]
        packets = sum(1 for packet in container.demux(stream) if packet.size)
        count = max(packets, stream.frames)
    if not count:
        raise UnreadableVideoError("it holds no frames")
    return count


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)
