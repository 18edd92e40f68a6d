"""The peak memory of this process while a run lasts."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil


class PeakMemory:
    """Context manager that watches this process's memory from a thread of its own.

    What is measured is the proportional set size: shared pages count in parts, so that workers forked from one
    parent add up to what they take together (virtual size is useless: a bare `import torch` maps gigabytes).
    Where it cannot be read (macOS), the resident set size stands in. Peaks shorter than the interval can be
    missed. Accelerator memory is not included.

    Reading the proportional size makes the kernel walk all pages (24 ms for 0.9 GB), the resident size costs
    microseconds: the thread looks at the latter, and at the former only after it has grown by 1 %.

    Args:
        interval: seconds between samples.

    Attributes:
        kind: "pss" or "rss", what `peak_bytes` is.
    """

    def __init__(self, interval: float = 1.0) -> None:
        self._process = psutil.Process()
        self._interval = interval
        self._peak = 0
        self._resident = 0.0  # the resident size at which the proportional one was last read
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.kind = "pss" if _pss(self._process) is not None else "rss"

    @property
    def peak_bytes(self) -> int:
        """The largest sample so far, one taken now included while the watch goes on."""
        if self._thread is not None:
            self._sample()
        return self._peak

    def __enter__(self) -> PeakMemory:
        if self._thread is not None:
            raise RuntimeError("this PeakMemory is already watching; make another one for a nested watch")
        self._stop.clear()
        self._sample()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._sample()

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            if self._process.memory_info().rss > 1.01 * self._resident:
                self._sample()

    def _sample(self) -> None:
        resident = self._process.memory_info().rss
        pss = _pss(self._process) if self.kind == "pss" else None
        self._resident = max(self._resident, resident)
        self._peak = max(self._peak, resident if pss is None else pss)


def _pss(process: psutil.Process) -> int | None:
    """Proportional set size in bytes; None where the system does not tell."""
    try:
        return getattr(process.memory_full_info(), "pss", None)
    except (psutil.Error, OSError, NotImplementedError):
        return None
