"""Clips as the network's input: what action recognition keeps of its preparation, for training and new videos."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.errors import DataError
from harness_tasks.video.video_files import decode, pixels, squeeze

GAIN = 5.0
"""Pixels of 0..1 are multiplied by this once the clip's mean is off, which leaves values of about unit size."""

_CLIPS = "clips.json"


def centre(clip: np.ndarray) -> np.ndarray:
    """Take the mean over time off every pixel and scale, float32 (T, C, Y, X), in place.

    What stands still becomes zero: without this a network on so few clips learns backgrounds by heart.
    """
    clip -= clip.mean(axis=0)
    clip *= GAIN
    return clip


def changes(clip: np.ndarray) -> np.ndarray:
    """How much every pixel changed since the frame before, scaled, float32 (T, C, Y, X), in place; the first is zero.

    What moves remains, whatever it looks like.
    """
    clip[1:] = np.abs(np.diff(clip, axis=0))
    clip[:1] = 0
    clip *= 2 * GAIN
    return clip


@dataclass(frozen=True)
class ClipPreparation(Preprocessing):
    """A video, or its pixels, to a centred clip or its changes; an action to its label and back.

    Attributes:
        frames: T, to which videos are sampled.
        channels, height, width: C, Y, X, to which pictures are squeezed.
        classes: actions in the order of their labels.
        motion: whether frames are `changes` and not pixels less their mean over time.
    """

    takes: ClassVar[str] = "a video file's path, pictures uint8 (n, height, width, 3), or a clip of pixels 0 to 1"

    frames: int
    channels: int
    height: int
    width: int
    classes: tuple[str, ...]
    motion: bool = False

    def view(self, clip: np.ndarray) -> np.ndarray:
        """What the network sees of pixels float32 (T, C, Y, X), in place."""
        return changes(clip) if self.motion else centre(clip)

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, C, Y, X), centred, or its changes.

        Args:
            source: a video file's path; pictures uint8 (n, height, width, 3) of any size and number, in order; or a
                clip float32 (T, C, Y, X), pixels of 0..1.

        Raises:
            DataError: it is none of these, or cannot be read.
        """
        return self.view(self._pixels(source))

    def encode_target(self, answer: Any) -> int:
        """The label of an action.

        Raises:
            DataError: there is no such action.
        """
        if answer not in self.classes:
            raise DataError(f"there is no action {answer!r}; this model knows: {', '.join(self.classes)}.")
        return self.classes.index(answer)

    def example(self, raw: RawExample) -> Example:
        """A clip and its label."""
        label = self.encode_target(raw.target)
        return Example(raw.id, self.encode(raw.input), label, (raw.target,), raw.source or raw.id, raw.units)

    def save(self, folder: Path) -> None:
        """Write `clips.json`."""
        (folder / _CLIPS).write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ClipPreparation:
        """Read what `save` wrote."""
        content = json.loads((folder / _CLIPS).read_text(encoding="utf-8"))
        return cls(**content | {"classes": tuple(content["classes"])})

    def _pixels(self, source: Any) -> np.ndarray:
        """float32 (T, C, Y, X), 0..1, in an array of its own."""
        size = (self.height, self.width)
        if isinstance(source, str | Path):
            return pixels(decode(Path(source), self.frames, size))
        if not isinstance(source, np.ndarray) or source.ndim != 4 or not len(source):
            given = f"an array of shape {source.shape}" if isinstance(source, np.ndarray) else type(source).__name__
            raise DataError(f"action recognition takes a video file's path or an array of pictures, not {given}.")
        if source.dtype == np.uint8 and source.shape[-1] == self.channels:
            return pixels(squeeze(source, self.frames, size))
        if source.dtype.kind != "f" or source.shape[1:] != (self.channels, *size):
            raise DataError(
                f"an array {source.dtype} {source.shape} is no clip: give uint8 (n, height, width, {self.channels}), "
                f"or float32 (T, {self.channels}, {self.height}, {self.width}) with pixels of 0..1."
            )
        return np.array(source, dtype=np.float32)
