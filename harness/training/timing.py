"""The clock of a run: wall time split into phases, each with its own start and stop.

Phases: setup, data_preparation, warmup (the first step), data_wait, forward, backward, optimizer, validation,
evaluation (the test split, once, at the end), checkpoint, logging, other. Time between phases is `unattributed`,
measured and never hidden in `other`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.training.device_timeline import DeviceTimeline

TRAINING = ("warmup", "data_wait", "forward", "backward", "optimizer", "other")
"""The phases that make up training time."""

UNATTRIBUTED = "unattributed"


class PhaseClock:
    """Splits wall time into phases; phases nest, and the inner one pauses the outer.

    All times are seconds of the monotonic clock `time.perf_counter`. With an accelerator's timeline, that clock says
    how much time passed and the device says to which phases it went, whenever `settle` is called; until then the
    host's view stands in.

    Args:
        timeline: of the accelerator; None: the host computes.
    """

    def __init__(self, timeline: DeviceTimeline | None = None) -> None:
        self._totals: defaultdict[str, float] = defaultdict(float)
        self._since: defaultdict[str, float] = defaultdict(float)  # the host's view since the device was last asked
        self._stack: list[str] = []
        self._timeline = timeline
        self._mark = time.perf_counter()

    def start(self, phase: str) -> None:
        """Begin a phase; the one now running pauses."""
        self._charge()
        self._stack.append(phase)

    def stop(self, phase: str) -> None:
        """End the innermost phase, which must be `phase`.

        Raises:
            RuntimeError: another phase is innermost.
        """
        if not self._stack or self._stack[-1] != phase:
            raise RuntimeError(f"phase '{phase}' is not the innermost of {self._stack}")
        self._charge()
        self._stack.pop()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A phase around a block."""
        self.start(name)
        try:
            yield
        finally:
            self.stop(name)

    def settle(self) -> None:
        """Ask the accelerator what it did, which waits for it; nothing to do where the host computes."""
        if self._timeline is None:
            return
        self._charge()
        device = self._timeline.take()
        self._charge()  # the wait
        wall, counted = sum(self._since.values()), sum(device.values())
        for phase, seconds in (device if counted > 0 else self._since).items():
            self._totals[phase] += seconds * (wall / counted if counted > 0 else 1.0)
        self._since.clear()

    def totals(self) -> dict[str, float]:
        """Seconds of every phase so far, `unattributed` included; they add up to `total`. Settles."""
        self._charge()
        self.settle()
        return dict(self._totals)

    def total(self) -> float:
        """Seconds since the clock was made, and those that were added."""
        self._charge()
        return sum(self._totals.values()) + sum(self._since.values())

    def training(self) -> float:
        """Seconds of training so far: neither validation nor checkpoints nor logging. Waits for nothing."""
        self._charge()
        return sum(self._totals.get(name, 0.0) + self._since.get(name, 0.0) for name in TRAINING)

    def add(self, totals: Mapping[str, float]) -> None:
        """Add the phases of an earlier part of the same run; the gap between the parts counts nowhere."""
        self._charge()
        for phase, seconds in totals.items():
            self._totals[phase] += seconds

    def _charge(self) -> None:
        now = time.perf_counter()
        phase = self._stack[-1] if self._stack else UNATTRIBUTED
        if self._timeline is None:
            self._totals[phase] += now - self._mark
        else:
            self._since[phase] += now - self._mark
            self._timeline.charge(phase)
        self._mark = now
