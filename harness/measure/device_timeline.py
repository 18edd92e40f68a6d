"""Where an accelerator's time went, from events recorded at phase boundaries and read much later.

The host runs ahead of the device, so its clock would attribute the device's work to whichever phase happens to wait.
Events are queued on the device at the boundaries: the time between two of them is what the phase between them really
took, including idle time waiting for the host. Nothing is synchronised until `take`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol

import torch


class DeviceEvent(Protocol):
    """The interface used of `torch.cuda.Event(enable_timing=True)`."""

    def record(self) -> None:
        """Record the event in the current stream."""

    def synchronize(self) -> None:
        """Wait until the device has reached it."""

    def elapsed_time(self, end: Any) -> float:
        """Milliseconds from this event to another one."""


class DeviceTimeline:
    """The phases recorded since the last `take`, as events.

    Args:
        new_event: creates an event; None: a CUDA event.
    """

    def __init__(self, new_event: Callable[[], DeviceEvent] | None = None) -> None:
        self._new_event = new_event or (lambda: torch.cuda.Event(enable_timing=True))
        self._first = self._border()
        self._spans: list[tuple[str, DeviceEvent]] = []

    def charge(self, phase: str) -> None:
        """Attribute the time since the last boundary to this phase."""
        self._spans.append((phase, self._border()))

    def take(self) -> dict[str, float]:
        """Seconds by phase since the last call; waits for the device to reach the last boundary."""
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
