"""Where an accelerator's time went, from events recorded at the borders of phases and read much later.

The host runs ahead of the device, so its own clock would charge the device's work to whatever phase happens to wait.
Events stand in the device's queue at the borders: the time between two of them is what the phase between really took,
idle waiting for the host included. Nothing is synchronised until `take`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol

import torch


class DeviceEvent(Protocol):
    """What is used of `torch.cuda.Event(enable_timing=True)`."""

    def record(self) -> None:
        """Put it into the current stream."""

    def synchronize(self) -> None:
        """Wait until the device has come to it."""

    def elapsed_time(self, end: Any) -> float:
        """Milliseconds from this event to another one."""


class DeviceTimeline:
    """The phases that were charged since the last `take`, as events.

    Args:
        new_event: makes an event; None: CUDA's.
    """

    def __init__(self, new_event: Callable[[], DeviceEvent] | None = None) -> None:
        self._new_event = new_event or (lambda: torch.cuda.Event(enable_timing=True))
        self._first = self._border()
        self._spans: list[tuple[str, DeviceEvent]] = []

    def charge(self, phase: str) -> None:
        """What came since the last border belongs to this phase."""
        self._spans.append((phase, self._border()))

    def take(self) -> dict[str, float]:
        """Seconds by phase since the last call; waits for the device to come to the last border."""
        if not self._spans:
            return {}
        self._spans[-1][1].synchronize()
        found: defaultdict[str, float] = defaultdict(float)
        before = self._first
        for phase, border in self._spans:
            found[phase] += before.elapsed_time(border) / 1000
            before = border
        self._first = before
        self._spans.clear()
        return dict(found)

    def _border(self) -> DeviceEvent:
        event = self._new_event()
        event.record()
        return event
