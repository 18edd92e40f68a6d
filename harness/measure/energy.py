"""Energy measured by the machine's own counters during a run. Nothing is estimated: without a counter there is no
figure."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from harness.measure.sampler import Sampler

POWERCAP = Path("/sys/class/powercap")
_PACKAGE = re.compile(r"intel-rapl:\d+")  # a name with two numbers is a subzone, already included in its package


class _Counter(Protocol):
    """Accumulates the readings of a counter."""

    method: str
    joules: float

    def read(self) -> None:
        """Add the use since the last reading."""


class EnergyMeter:
    """Context manager that reads the machine's energy counters.

    On "cpu": RAPL, the CPU packages' own counters (Intel and AMD on Linux), if this user may read them. They count
    everything the packages do, including other processes but not main memory, so a run compared by energy must have the
    machine to itself. On "cuda": NVML, the counter of the accelerator the run uses. Elsewhere, and in virtual machines,
    which hide these counters, there is no figure.

    Args:
        device: where the run computes.
        powercap: folder of the RAPL counters.
        interval: seconds between readings; a package counter wraps around every half hour or so under load.
    """

    def __init__(self, device: str = "cpu", powercap: Path = POWERCAP, interval: float = 60.0) -> None:
        self._device, self._powercap = device, powercap
        self._counter: _Counter | None = None
        self._lock = threading.Lock()
        self._sampler = Sampler("energy-meter", interval, self._read)

    def summary(self) -> dict[str, Any]:
        """{"joules", "method"} since the meter was entered; empty if the machine does not measure it."""
        self._read()
        if self._counter is None:
            return {}
        return {"joules": round(self._counter.joules, 3), "method": self._counter.method}

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Leave out the energy used during the block."""
        self._read()
        before = 0.0 if self._counter is None else self._counter.joules
        try:
            yield
        finally:
            self._read()
            if self._counter is not None:
                self._counter.joules = before

    def __enter__(self) -> EnergyMeter:
        self._counter = _nvml(self._device) if self._device.startswith("cuda") else _rapl(self._powercap)
        if self._counter is not None:
            self._sampler.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._read()
        self._sampler.__exit__(kind, error, trace)

    def _read(self) -> None:
        """Read once more; if a counter can no longer be read, no figure is kept rather than a partial one."""
        with self._lock:
            if self._counter is None or not self._sampler.running:
                return
            try:
                self._counter.read()
            except (OSError, ValueError, RuntimeError):
                self._counter = None


class _Rapl:
    """The counters of all processor packages."""

    method = "rapl"

    def __init__(self, packages: list[Path]) -> None:
        self._ranges = {package: _number(package / "max_energy_range_uj") for package in packages}
        self._last = {package: _number(package / "energy_uj") for package in packages}
        self.joules = 0.0

    def read(self) -> None:
        for package, before in self._last.items():
            now = _number(package / "energy_uj")
            used = now - before
            if used < 0:  # it has wrapped around
                used += self._ranges[package]
            self._last[package] = now
            self.joules += used / 1e6


def _rapl(powercap: Path) -> _Rapl | None:
    try:
        zones = [zone for zone in sorted(powercap.iterdir()) if _PACKAGE.fullmatch(zone.name)]
        packages = [zone for zone in zones if (zone / "name").read_text().startswith("package")]
        return _Rapl(packages) if packages else None
    except (OSError, ValueError):  # no counters, or not readable for this user
        return None


class _Nvml:
    """The counter of one accelerator since its driver was loaded, in millijoules."""

    method = "nvml"

    def __init__(self, library: Any, handle: Any) -> None:
        self._library, self._handle = library, handle
        self._last = library.nvmlDeviceGetTotalEnergyConsumption(handle)
        self.joules = 0.0

    def read(self) -> None:
        try:
            now = self._library.nvmlDeviceGetTotalEnergyConsumption(self._handle)
        except self._library.NVMLError as error:
            raise RuntimeError(str(error)) from error
        self.joules += (now - self._last) / 1e3
        self._last = now


def _nvml(device: str) -> _Nvml | None:
    """NVML's counter of the accelerator; None without the module pynvml, or if the accelerator has no counter."""
    try:
        library = importlib.import_module("pynvml")
    except ImportError:
        return None
    import torch

    identity = f"GPU-{torch.cuda.get_device_properties(torch.device(device)).uuid}"
    try:
        library.nvmlInit()
        return _Nvml(library, library.nvmlDeviceGetHandleByUUID(identity))
    except library.NVMLError:
        return None


def _number(path: Path) -> int:
    return int(path.read_text(encoding="utf-8"))
