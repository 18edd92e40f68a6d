"""Videos to a fixed number of small frames: files through PyAV, pictures in memory, both scaled by torchvision.

For data sets of video files, and for models that were trained on clips. What a file's frames are is decided as a player
decides it: `_video_streams` chooses the stream and reads when its frames are shown, `_video_pictures` shows one frame,
and `_video_ends` finds out whether the file ends where it says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.data.foreign import reading, shown
from harness.errors import DataError
from harness_tasks.video._video_errors import DAMAGED, UnreadableVideoError

if TYPE_CHECKING:
    import torch

    from harness_tasks.video._video_streams import Plan

__all__ = ["SUFFIXES", "UnreadableVideoError", "decode", "decode_timed", "pixels", "squeeze"]

SUFFIXES = (
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpe",
    ".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv",
)  # fmt: skip
"""Endings of file names that count as videos, in lower or upper case."""

_UNSTEADY = 1.5  # frames whose durations differ by more than this factor are not at a constant rate


def decode(path: Path, frames: int, size: tuple[int, int]) -> np.ndarray:
    """Frames at even distances over the whole video, uint8 (frames, *size, 3); size: height and width.

    At a constant rate these are evenly spaced from the first frame to the last. Where the rate varies they are those
    on the screen at evenly spaced times from the start of the first frame to the end of the last. The picture is
    squeezed to the size, so that nothing at its edges is lost; a video of fewer frames than asked for repeats some.

    Raises:
        UnreadableVideoError: no video in it, not decodable, damaged, or cut off.
    """
    return decode_timed(path, frames, size)[0]


def decode_timed(path: Path, frames: int, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """As `decode`, with the seconds from the start of the first frame to the end of the last."""
    try:
        with reading(path, "a video"):
            return _decode(path, frames, size)
    except UnreadableVideoError:
        raise
    except DataError as error:
        what = str(error).removeprefix(f"{shown(path)} ").removesuffix(".")
        raise UnreadableVideoError(path, what) from error


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


def _decode(path: Path, frames: int, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    from harness_tasks.video._video_ends import check_end
    from harness_tasks.video._video_streams import scan

    check_end(path)
    plan = scan(path)
    try:
        return _clip(plan, frames, size, strict=True)
    except UnreadableVideoError as error:
        if plan.codec != "h264" or error.reason != DAMAGED:
            raise
        return _clip(plan, frames, size, strict=False)


def _clip(plan: Plan, frames: int, size: tuple[int, int], strict: bool) -> tuple[np.ndarray, float]:
    import torch
    from torchvision.transforms.v2 import functional

    from harness_tasks.video._video_pictures import picture
    from harness_tasks.video._video_streams import shown_frames

    starts, end = plan.starts, plan.end
    for _ in range(3):
        wanted = _on_screen(starts, end, frames)
        small: dict[int, torch.Tensor] = {}
        times: list[int] = []
        for time, frame in shown_frames(plan, strict):
            if len(times) in wanted:
                small[len(times)] = functional.resize(picture(frame, plan.crop), list(size), antialias=True)
            times.append(time)
        times = plan.in_order(times)
        if times == starts:
            break
        # The container's times were not those of the decoded frames; the next time they are.
        starts, end = times, times[-1] + (frame.duration or plan.usual)
    else:
        raise UnreadableVideoError(plan.path, "cannot be used as a video: it is decoded differently every time")
    plan.check_decoded(end)
    clip = torch.stack([small[int(i)] for i in wanted])  # (T, C, Y, X)
    return clip.permute(0, 2, 3, 1).numpy(), (end - starts[0]) * plan.tick


def _on_screen(starts: list[int], end: int, frames: int) -> np.ndarray:
    """Positions of the `frames` frames to take, of those that start to be shown at `starts`; the last until `end`."""
    times = np.asarray(starts, dtype=np.float64)
    durations = np.diff(times, append=float(end))
    if times[0] == times[-1] or durations.max() <= _UNSTEADY * max(durations[:-1].min(), 1):
        return _even(len(times), frames)
    wanted = np.linspace(times[0], float(end), frames)
    return np.searchsorted(times, wanted, side="right") - 1


def _even(count: int, frames: int) -> np.ndarray:
    """Positions of `frames` frames at even distances among `count`."""
    return np.linspace(0, count - 1, frames).round().astype(int)
