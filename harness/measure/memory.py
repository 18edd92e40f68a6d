"""The peak memory of a run's processes, for its phases apart."""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import psutil

from harness.measure import process_tree
from harness.measure.sampler import Sampler

TRAINING, EVALUATION = "training", "evaluation"
_BEFORE = "setup"
_GROWN = 1.01  # less is the noise of the interpreter


class PeakMemory:
    """Context manager that watches the memory of this process and of those that it starts, from a thread.

    `peak_bytes` is of the proportional set size: shared pages count in parts, so that workers forked from one
    parent add up to what they take together (virtual size is useless: a bare `import torch` maps gigabytes). The
    peaks of phases are less what the process had when the watch began, the preloaded imports: they count pages that
    were written to since then, so that neither a neighbour that ends nor a library's code that is loaded late moves
    them. Where neither can be read (macOS), resident set sizes stand in. Peaks shorter than the interval can be
    missed, except that tuned allocators keep what was freed (`harness.runtime.tune_allocator`).

    For the same reason a phase begins with giving freed memory back to the system. A `visit` to another phase does
    not, since training would have to fault it in again, and is charged only with what grows during it.

    Reading sizes makes the kernel walk all pages (24 ms for 0.9 GB), the resident size costs microseconds: the
    thread looks at the latter, and at the former only after it has grown by 1 %.

    Args:
        interval: seconds between samples.
        device: where the run computes; of "cuda" the allocator's own peak is reported.

    Attributes:
        kind: "pss" or "rss", what was measured.
        base_bytes: what the process had when the watch began.
    """

    def __init__(self, interval: float = 1.0, device: str = "cpu") -> None:
        self._process = psutil.Process()
        self._device = device
        self._peak = 0
        self._resident = 0.0  # the resident size at which the others were last read
        self._own = 0  # what was above the base then
        self._phase, self._level = _BEFORE, 0  # what counts for the phase is above the level
        self._peaks: dict[str, int] = {}
        self._base_own = 0
        self._lock = threading.RLock()
        self._sampler = Sampler("peak-memory", interval, self._sample_if_grown)
        self.kind = "rss" if process_tree.memory(self._process).proportional is None else "pss"
        self.base_bytes = 0

    @property
    def peak_bytes(self) -> int:
        """The largest sample so far, one taken now included while the watch goes on; imports included."""
        if self._sampler.running:
            self._sample()
        return self._peak

    @property
    def seen_bytes(self) -> int:
        """The largest sample so far; none is taken now."""
        return self._peak

    def phase(self, name: str) -> None:
        """Go over to a phase ("training", "evaluation"): freed memory is given back, what is still held counts for it.

        Takes some milliseconds, and training faults the memory in again: call it outside of what is timed.
        """
        with self._lock:
            self._sample()
            _give_back_freed()
            self._phase, self._level, self._resident = name, -1, 0.0
            self._sample()

    @contextmanager
    def visit(self, name: str) -> Iterator[None]:
        """A block of another phase within this one: a validation within training. Only what grows counts for it."""
        before = self._switch(name)
        try:
            yield
        finally:
            self._switch(before)

    def summary(self) -> dict[str, Any]:
        """What the run's record holds, in bytes; peaks of phases that never began are left out."""
        if self._sampler.running:
            self._sample()
        found: dict[str, Any] = {"kind": self.kind, "base_bytes": self.base_bytes}
        found |= {f"{name}_peak_bytes": self._peaks[name] for name in (TRAINING, EVALUATION) if name in self._peaks}
        if self._device.startswith("cuda"):
            import torch

            found["accelerator_peak_bytes"] = torch.cuda.max_memory_allocated(self._device)
        return found

    def __enter__(self) -> PeakMemory:
        self._sampler.must_not_run()
        _give_back_freed()  # what was freed before would seem to be taken from the run when a phase gives it back
        base = process_tree.memory(self._process)
        self.base_bytes = base.resident if base.proportional is None else base.proportional
        self._base_own = base.resident if base.own is None else base.own
        if self._device.startswith("cuda"):
            import torch

            torch.cuda.reset_peak_memory_stats(self._device)
        self._sample()
        self._sampler.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampler.__exit__(kind, error, trace)
        self._sample()

    def _switch(self, name: str) -> str:
        """Go over to a phase as it is; returns the one before."""
        with self._lock:
            self._sample_if_grown()
            before, self._phase, self._level = self._phase, name, self._own
            return before

    def _sample_if_grown(self) -> None:
        if process_tree.resident_bytes(self._process) > _GROWN * self._resident:
            self._sample()

    def _sample(self) -> None:
        """Read everything and raise the peaks."""
        with self._lock:
            now = process_tree.memory(self._process)
            self._resident = max(self._resident, now.resident)
            self._peak = max(self._peak, now.resident if now.proportional is None else now.proportional)
            self._own = max(0, (now.resident if now.own is None else now.own) - self._base_own)
            if self._own > _GROWN * self._level:
                self._peaks[self._phase] = max(self._peaks.get(self._phase, 0), self._own)


def _give_back_freed() -> None:
    """Return memory that the C library keeps for later, where it is glibc."""
    if sys.platform.startswith("linux") and platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
