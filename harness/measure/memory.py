"""The peak memory of a run's processes, by phase."""

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
_BEFORE, _APART = "setup", "apart"
_GROWN = 1.01  # anything less is interpreter noise


class PeakMemory:
    """Context manager that samples the memory of this process and its descendants from a thread.

    `peak_bytes` uses the proportional set size: shared pages are divided among processes, so that workers forked from
    one parent add up to what they use together (virtual size is useless: a bare `import torch` maps gigabytes). The
    peaks of phases exclude what the process had at the start, the preloaded imports: they count pages written to since
    then, so neither a neighbour that ends nor library code loaded late affects them. If neither can be read (macOS),
    resident set sizes are used. Peaks shorter than the interval can be missed, except that tuned allocators keep freed
    memory (`harness.runtime.tune_allocator`).

    For the same reason a phase starts by returning freed memory to the system. A `visit` to another phase does not,
    since training would have to fault it in again, and counts only the growth during it.

    Reading these sizes makes the kernel walk all pages (24 ms for 0.9 GB), while the resident size costs microseconds:
    the thread polls the latter, and reads the former only after it has grown by 1 %.

    Args:
        interval: seconds between samples.
        device: where the run computes; for "cuda" the allocator's own peak is reported.

    Attributes:
        kind: "pss" or "rss", what was measured.
        base_bytes: memory of the process at the start.
    """

    def __init__(self, interval: float = 1.0, device: str = "cpu") -> None:
        self._process = psutil.Process()
        self._device = device
        self._peak = 0
        self._resident = 0.0  # the resident size when the others were last read
        self._own = 0  # memory above the base at that time
        self._phase, self._level = _BEFORE, 0  # memory above the level counts for the phase
        self._peaks: dict[str, int] = {}
        self._base_own = 0
        self._accelerator_peak = 0
        self._lock = threading.RLock()
        self._sampler = Sampler("peak-memory", interval, self._sample_if_grown)
        self.kind = "rss" if process_tree.memory(self._process).proportional is None else "pss"
        self.base_bytes = 0

    @property
    def peak_bytes(self) -> int:
        """The largest sample so far, including imports, and including one taken now while the measurement is active."""
        if self._sampler.running:
            self._sample()
        return self._peak

    @property
    def seen_bytes(self) -> int:
        """The largest sample so far, without taking one now."""
        return self._peak

    def phase(self, name: str) -> None:
        """Go over to a phase ("training", "evaluation"): freed memory is returned to the system; memory still held
        counts.

        Takes a few milliseconds, and training has to fault the memory in again: call it outside timed code.
        """
        with self._lock:
            self._sample()
            _give_back_freed()
            self._phase, self._level, self._resident = name, -1, 0.0
            self._sample()

    @contextmanager
    def visit(self, name: str) -> Iterator[None]:
        """A nested phase, such as validation within training. Only growth counts."""
        before = self._switch(name)
        try:
            yield
        finally:
            self._switch(before)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A nested phase that is no part of the run: it raises no peak, the accelerator's included."""
        before = self._switch(_APART)
        self._accelerator_peak = max(self._accelerator_peak, self._allocated())
        try:
            yield
        finally:
            if self._device.startswith("cuda"):
                import torch

                torch.cuda.reset_peak_memory_stats(self._device)
            _give_back_freed()
            self._resident = 0.0  # what is left is read before the phase goes on
            self._switch(before)

    def summary(self) -> dict[str, Any]:
        """The values for the run's record, in bytes; peaks of phases that never started are left out."""
        if self._sampler.running:
            self._sample()
        found: dict[str, Any] = {"kind": self.kind, "base_bytes": self.base_bytes}
        found |= {f"{name}_peak_bytes": self._peaks[name] for name in (TRAINING, EVALUATION) if name in self._peaks}
        if self._device.startswith("cuda"):
            found["accelerator_peak_bytes"] = max(self._accelerator_peak, self._allocated())
        return found

    def __enter__(self) -> PeakMemory:
        self._sampler.must_not_run()
        _give_back_freed()  # memory freed earlier must not be subtracted from the run when a phase returns it
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

    def _allocated(self) -> int:
        """The accelerator's peak since it was last reset; 0 without one."""
        if not self._device.startswith("cuda"):
            return 0
        import torch

        return int(torch.cuda.max_memory_allocated(self._device))

    def _switch(self, name: str) -> str:
        """Switch to a phase without returning memory; returns the previous phase."""
        with self._lock:
            self._sample_if_grown()
            before, self._phase, self._level = self._phase, name, self._own
            return before

    def _sample_if_grown(self) -> None:
        if process_tree.resident_bytes(self._process) > _GROWN * self._resident:
            self._sample()

    def _sample(self) -> None:
        """Read all sizes and update the peaks."""
        with self._lock:
            now = process_tree.memory(self._process)
            self._resident = max(self._resident, now.resident)
            if self._phase != _APART:
                self._peak = max(self._peak, now.resident if now.proportional is None else now.proportional)
            self._own = max(0, (now.resident if now.own is None else now.own) - self._base_own)
            if self._own > _GROWN * self._level:
                self._peaks[self._phase] = max(self._peaks.get(self._phase, 0), self._own)


def _give_back_freed() -> None:
    """Return memory that the C library keeps for reuse, if it is glibc."""
    if sys.platform.startswith("linux") and platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
