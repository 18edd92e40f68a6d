"""The clock of a run: wall time split into phases, each with its own start and stop.

Phases: setup, data_preparation, warmup (the first step), data_wait, forward, backward, optimizer, validation,
evaluation (the test split, once, at the end), latency (how long predictions take), checkpoint, logging, callbacks (the
user's), other. Time between phases is `unattributed`, measured and never hidden in `other`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.measure.device_timeline import DeviceTimeline

TRAINING = ("warmup", "data_wait", "forward", "backward", "optimizer", "callbacks", "other")
"""The phases that make up training time."""

UNATTRIBUTED = "unattributed"


class PhaseClock:
    """Splits wall time into phases. Phases nest; an inner phase pauses the outer one.

    All times are seconds of the monotonic clock `time.perf_counter`. With an accelerator's timeline, the clock measures
    how much time passed, and the device determines the phases it belongs to whenever `settle` is called; until then the
    host's measurements are used.

    Args:
        timeline: of the accelerator; None: the host computes.
    """

    __slots__ = ("_current", "_mark", "_outer", "_phases", "_settled", "_timeline", "_training")

    def __init__(self, timeline: DeviceTimeline | None = None) -> None:
        self._timeline = timeline
        self._phases: dict[str, Phase] = {}
        self._settled: dict[str, float] = {}  # seconds of every phase as confirmed by the device
        self._training = tuple(self.phase(name) for name in TRAINING)
        self._outer: list[Phase] = []
        self._current = self.phase(UNATTRIBUTED)
        self._mark = time.perf_counter()

    def phase(self, name: str) -> Phase:
        """A phase, to be entered with `with`; the current phase pauses meanwhile."""
        try:
            return self._phases[name]
        except KeyError:
            return self._phases.setdefault(name, Phase(self, name))

    def start(self, name: str) -> None:
        """Start a phase; the current phase pauses."""
        self.phase(name).__enter__()

    def stop(self, name: str) -> None:
        """End the innermost phase, which must be `name`.

        Raises:
            RuntimeError: another phase is innermost.
        """
        self.phase(name).__exit__(None, None, None)

    def settle(self) -> None:
        """Read the accelerator's times, which waits for it; without an accelerator nothing happens."""
        if self._timeline is None:
            return
        self._charge()
        device = self._timeline.take()
        self._charge()  # the wait
        counted = sum(device.values())
        if counted > 0:
            wall = self.total() - sum(self._settled.values())
            for name, phase in self._phases.items():
                phase.seconds = self._settled.get(name, 0.0)
            for name, seconds in device.items():
                self.phase(name).seconds += seconds * wall / counted
        self._settled = {name: phase.seconds for name, phase in self._phases.items()}

    def totals(self) -> dict[str, float]:
        """Seconds of every phase so far, `unattributed` included; they add up to `total`. Settles."""
        self._charge()
        self.settle()
        return {name: phase.seconds for name, phase in self._phases.items() if phase.seconds}

    def total(self) -> float:
        """Seconds since the clock was created, plus those added."""
        self._charge()
        return sum(phase.seconds for phase in self._phases.values())

    def training(self) -> float:
        """Seconds of training so far, without validation, checkpoints and logging. Does not wait for the device."""
        self._charge()
        a, b, c, d, e, f, g = self._training  # read after every step: a loop would cost more than the sum
        return a.seconds + b.seconds + c.seconds + d.seconds + e.seconds + f.seconds + g.seconds

    def add(self, totals: Mapping[str, float]) -> None:
        """Add the phases of an earlier part of the same run; the gap between the parts is not counted."""
        self.settle()
        for name, seconds in totals.items():
            self.phase(name).seconds += seconds
            self._settled[name] = self._settled.get(name, 0.0) + seconds

    def _charge(self) -> None:
        now = time.perf_counter()
        self._current.seconds += now - self._mark
        self._mark = now
        if self._timeline is not None:
            self._timeline.charge(self._current.name)


class Phase:
    """One phase of a clock, entered with `with` any number of times, also within itself.

    A step enters several phases, with CPU caches full of the network's data, so this code touches as few objects as
    possible.

    Attributes:
        name: of the phase.
        seconds: spent in it so far.
    """

    __slots__ = ("_clock", "name", "seconds")

    def __init__(self, clock: PhaseClock, name: str) -> None:
        self._clock, self.name, self.seconds = clock, name, 0.0

    def __enter__(self) -> None:
        clock, now = self._clock, time.perf_counter()
        outer = clock._current
        outer.seconds += now - clock._mark
        if clock._timeline is not None:
            clock._timeline.charge(outer.name)
        clock._mark = now
        clock._outer.append(outer)
        clock._current = self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clock, now = self._clock, time.perf_counter()
        if clock._current is not self:
            raise RuntimeError(f"phase '{self.name}' is not the innermost, which is '{clock._current.name}'")
        self.seconds += now - clock._mark
        if clock._timeline is not None:
            clock._timeline.charge(self.name)
        clock._mark = now
        clock._current = clock._outer.pop()
