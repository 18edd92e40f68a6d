"""Running audio and looks at it: what an assistant hears in the last second, again and again.

Audio is put together from recordings, as frames (T, F), with pauses of quiet frames between them. A look is the last
`frames` of what was heard up to a time, which is what a network is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.contract.raw import RawExample
from harness_tasks.sound.deferred_frames import FrameRange, Frames, JoinedFrames, PickedFrames

PAUSES_S = (0.1, 1.0)
"""Shortest and longest pause between two recordings of running audio."""


@dataclass(frozen=True)
class AudioLook(RawExample):
    """A piece of audio as an example that is left out of accuracy; `harness.metrics.listening` says what is counted.

    Attributes:
        stream: which audio it is cut from.
        look: its number there.
        step_seconds: from one look to the next, of running audio; 0 for others.
        after_end: seconds from the end of the command to the look; None: there is no command.
    """

    stream: int = 0
    look: int = 0
    step_seconds: float = 0.0
    after_end: float | None = None

    @property
    def units(self) -> dict[str, float]:
        """As `harness.metrics.listening` reads them."""
        where = {"probe": 1.0, "stream": float(self.stream), "look": float(self.look)}
        step = {"step_seconds": self.step_seconds} if self.step_seconds else {}
        after = {} if self.after_end is None else {"after_end": self.after_end}
        return super().units | where | step | after


def run_together(
    recordings: Sequence[Frames], quiet: np.ndarray, pauses: tuple[int, int], frames: int, draw: np.random.Generator
) -> FrameRange:
    """Recordings in random order, all of them before any comes again, with pauses between; read where looked at.

    Args:
        recordings: (T, F) each; none makes a pause without end.
        quiet: (N, F), frames that pauses are made of.
        pauses: fewest and most frames of a pause, drawn uniformly.
        frames: of the result.
        draw: advanced by this call.
    """
    pieces: list[Frames] = []
    length = 0
    while length < frames:
        for index in draw.permutation(len(recordings)) if recordings else [None]:
            pause = quiet_pause(quiet, int(draw.integers(pauses[0], pauses[1] + 1)), draw)
            pieces += [pause] if index is None else [pause, recordings[index]]
            length += sum(map(len, pieces[-1:] if index is None else pieces[-2:]))
            if length >= frames:
                break
    return FrameRange(JoinedFrames(pieces), 0, frames)


def quiet_pause(quiet: np.ndarray, frames: int, draw: np.random.Generator) -> PickedFrames:
    """A pause of so many frames, drawn from those of `quiet` (N, F)."""
    return PickedFrames(quiet, draw.integers(len(quiet), size=frames).astype(np.int32))


def looks(audio: Frames, frames: int, step: int) -> Iterator[tuple[int, FrameRange]]:
    """End (in frames) and content (frames, F) of every look at audio (T, F), from the first whole one on."""
    for end in range(frames, len(audio) + 1, step):
        yield end, FrameRange(audio, end - frames, end)
