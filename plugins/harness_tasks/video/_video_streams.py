"""Which stream of a video file is the film, when its frames are shown, and the frames as they are shown.

Times are whole ticks of the stream's time base.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_tasks.video._video_cropping import Crop, crops
from harness_tasks.video._video_ends import chunks_of_avi
from harness_tasks.video._video_errors import CUT_OFF, DAMAGED, UnreadableVideoError
from harness_tasks.video._video_opening import Complaint, complaints, opened

if TYPE_CHECKING:
    from av.stream import Disposition

_MISSING = 0.1  # largest share of a film's time that may be left undecoded before it counts as damaged
_NEW_CLOCK_S = 10.0  # a jump of more than this in a broadcast is a new clock, not a still picture
_EXCHANGED = 2  # frames by which a time may be off where a container has none of its own
_REPAIRED = "concealing"  # as FFmpeg logs of pictures of which it makes up a part
_REGROUPED = 2  # packets by which the mark of an incomplete one may be early
_LARGEST = 1 << 26  # pixels of a picture


@dataclass(frozen=True)
class Plan:
    """What the container says of the film.

    Attributes:
        path: of the file, for messages.
        index: of the stream.
        starts: when its frames are shown, in order.
        end: until when the last is.
        usual: how long a frame is shown, in most cases.
        tick: length of a tick in seconds.
        broadcast: whether its clock may start anew.
        crop: what the container takes off its pictures.
        codec: name of the coding.
    """

    path: Path
    index: int
    starts: list[int]
    end: int
    usual: int
    tick: float
    broadcast: bool
    crop: Crop
    codec: str

    def check_decoded(self, end: int) -> None:
        """Compare with the end of what was decoded.

        Raises:
            UnreadableVideoError: much of the film is missing.
        """
        whole, got = self.end - self.starts[0], end - self.starts[0]
        if got < whole * (1 - _MISSING) - self.usual:
            seconds = f"only {got * self.tick:.1f} of {whole * self.tick:.1f} s can be decoded"
            raise UnreadableVideoError(self.path, f"is cut off or damaged: {seconds}", CUT_OFF)

    def in_order(self, times: list[int]) -> list[int]:
        """When frames are shown that were decoded in this order.

        Where a container has no times of its own, those of neighbours may be exchanged. A clock that starts anew, in
        streams put one after the other, goes on where it was.
        """
        ordered = sorted(times)
        if all(abs(a - b) <= _EXCHANGED * self.usual for a, b in zip(ordered, times, strict=True)):
            times = ordered
        made: list[int] = []
        for time in times:
            jump = (time - made[-1]) * self.tick if made else 0.0
            made.append(made[-1] + self.usual if jump < 0 or (self.broadcast and jump > _NEW_CLOCK_S) else time)
        return made


def scan(path: Path) -> Plan:
    """Read the container, and choose the stream that a player shows.

    That is none that is marked as a cover, a still or thumbnails; then one of several pictures rather than of one; then
    one that is marked as default; then the one of the largest pictures; then the first.

    Raises:
        UnreadableVideoError: there is no film in it.
    """
    from av.stream import Disposition

    with opened(path) as container:
        films = [stream for stream in container.streams.video if not _marks(stream)]
        if not films:
            what = "no film, only pictures beside it" if container.streams.video else "no video stream"
            raise UnreadableVideoError(path, f"cannot be used as a video: it holds {what}")
        read = {stream.index: _Packets() for stream in films}
        for packet in container.demux(*films):
            if packet.size:
                read[packet.stream_index].add(packet)
        for packets in read.values():
            packets.finish()
        film = max(films, key=lambda s: (len(read[s.index].shown) > 1, _default(s), _area(s), -s.index))
        packets = read[film.index]
        if not packets.shown:
            raise UnreadableVideoError(path, "cannot be used as a video: it holds no frames")
        if "mov" in container.format.name and any(e.pos + e.size > container.size for e in film.index_entries):
            packets.incomplete = True  # an index that goes beyond the end of the file
        if packets.incomplete:
            raise UnreadableVideoError(path, "is cut off or damaged: a part of its film is incomplete", CUT_OFF)
        tick = float(film.time_base or 0) or 1.0
        rows = sorted(packets.shown)
        usual = _usual(film, [time for time, _ in rows], tick)
        starts, end = [time for time, _ in rows], rows[-1][0] + (rows[-1][1] or usual)
        if container.format.name == "avi":
            end = max(end, chunks_of_avi(path, film.index))  # chunks of 0 bytes at the end: the last picture for longer
        broadcast = container.format.name in ("mpegts", "mpeg")
        tracks = [s.index for s in container.streams.video if _marks(s) != Disposition.attached_pic]
        crop = dict(zip(tracks, crops(path), strict=False)).get(film.index, Crop())
        return Plan(path, film.index, starts, end, usual, tick, broadcast, crop, film.codec_context.name)


class _Packets:
    """The packets of a stream that are shown: when, and for how long; and whether one is incomplete.

    Transport streams may be put one after the other, which looks as if packets were missing in between: the clock
    jumps, and the next picture is a key picture. That is no damage.
    """

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []
        self.incomplete = False
        self._decoded_at: int | None = None
        self._doubtful = 0  # packets since one that seems incomplete

    def add(self, packet: Any) -> None:
        before, now, length = self._decoded_at, packet.dts, packet.duration or 0
        jumps = before is not None and now is not None and not before <= now <= before + 2 * length
        if self._doubtful and packet.is_keyframe and jumps:
            self._doubtful = 0
        self.incomplete |= self._doubtful > _REGROUPED
        if self._doubtful or packet.is_corrupt:
            self._doubtful += 1
        self._decoded_at = now
        if packet.is_discard:
            return
        time = now if packet.pts is None else packet.pts
        if time is None:
            time = sum(self.shown[-1]) if self.shown else 0
        self.shown.append((time, length))

    def finish(self) -> None:
        self.incomplete |= self._doubtful > 0


def shown_frames(plan: Plan, strict: bool) -> Iterator[tuple[int, Any]]:
    """The frames that a player shows, in order, each with the time that the decoder gives it.

    Args:
        plan: of which film.
        strict: whether everything that the decoder finds wrong is damage; otherwise only damage to pictures is. Some
            cameras write captions and the like that H.264 decoders complain of.

    Raises:
        UnreadableVideoError: nothing can be decoded, or a picture is damaged. What comes before the first key picture
            may be: no player shows it.
    """
    from av.error import FFmpegError

    with opened(plan.path) as container, complaints() if not strict else nullcontext(list[Complaint]()) as heard:
        stream = container.streams[plan.index]
        checks = "crccheck+bitstream+buffer+explode" if strict else "crccheck"
        stream.codec_context.options = {"err_detect": checks, "max_pixels": str(_LARGEST)}
        if not strict:
            stream.codec_context.thread_count = 1  # complaints of other threads are not heard
        time: int | None = None
        for packet in container.demux(stream):
            try:
                frames: Sequence[Any] = packet.decode()
            except FFmpegError as error:
                if time is None and not packet.is_keyframe and packet.size:
                    continue
                if not packet.size and packet.dts is not None:
                    continue  # Theora's way to say that the picture stays as it is; the last packet of all has no time
                raise _damaged(plan, time, f": {error.strerror}") from error
            if time is not None and any(_REPAIRED in text for _, _, text in heard):
                raise _damaged(plan, time, ": a picture had to be repaired")
            for frame in frames:
                if not frame.is_corrupt:
                    time = _time_of(frame, time, plan)
                    yield time, frame
                elif time is not None:
                    raise _damaged(plan, time)
        if time is None:
            raise UnreadableVideoError(plan.path, "cannot be used as a video: none of its frames can be decoded")


def _damaged(plan: Plan, time: int | None, what: str = "") -> UnreadableVideoError:
    when = "at its first picture" if time is None else f"after {(time - plan.starts[0]) * plan.tick:.1f} s"
    return UnreadableVideoError(plan.path, f"is damaged {when}{what}", DAMAGED)


def _time_of(frame: Any, before: int | None, plan: Plan) -> int:
    time = frame.dts if frame.pts is None else frame.pts
    if time is None:
        return plan.starts[0] if before is None else before + plan.usual
    return int(time)


def _marks(stream: Any) -> Disposition:
    """By which of its marks a stream is no film. A cover alone is no track of its container."""
    from av.stream import Disposition

    return stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image)


def _default(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.default)


def _area(stream: Any) -> int:
    return (stream.width or 0) * (stream.height or 0)


def _usual(stream: Any, times: list[int], tick: float) -> int:
    """The most common distance of frames, or what the stream's rate says."""
    from statistics import median_low

    gaps = [b - a for a, b in pairwise(times) if b > a]
    if gaps:
        return median_low(gaps)
    return max(1, round(float(1 / stream.average_rate) / tick)) if stream.average_rate else 1
