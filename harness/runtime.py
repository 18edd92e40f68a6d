"""Settings to make before torch is imported, the import of Lightning, and the cores and memory of this machine.

With glibc's defaults every training step returns its memory to the system and faults it in again (tens of thousands of
page faults per step); an OpenMP thread that spins while a neighbour is busy slows both down.
"""

from __future__ import annotations

import ctypes
import gc
import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

_MALLOPT = {  # parameter of mallopt(3), value
    "M_MMAP_THRESHOLD": (-3, 1 << 30),
    "M_TRIM_THRESHOLD": (-1, 2**31 - 1),
    "M_TOP_PAD": (-2, 64 << 20),
}
SPIN_COUNT = "10000"

_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

_active: dict[str, int] = {}


def tune_allocator() -> dict[str, int]:
    """Keep freed memory in the process, if the C library is glibc; otherwise do nothing.

    Returns:
        The settings made, for the environment's record.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return {}
    libc = ctypes.CDLL(None)
    _active.update({name: value for name, (parameter, value) in _MALLOPT.items() if libc.mallopt(parameter, value)})
    return active_allocator()


def active_allocator() -> dict[str, int]:
    """The settings made by `tune_allocator` in this process; the C library cannot be queried."""
    return dict(_active)


@contextmanager
def importing() -> Iterator[None]:
    """Suspend garbage collection in a block of imports, whose million objects all stay alive, and exempt them
    afterwards.

    Collections would take two fifths of the time of the imports. Forked processes share pages they never write to, and
    garbage collection writes to them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextmanager
def without_collection() -> Iterator[None]:
    """Suspend garbage collection in a block that makes millions of objects without cycles; it would double its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def import_lightning() -> None:
    """Import Lightning without SciPy's signal processing, which saves a fifth of the time of the imports and 60 MB.

    torchmetrics, which Lightning imports, loads `scipy.signal` to restore a name that was removed from it, for a
    package we do not use. A later import of `scipy.signal` loads the complete module.
    """
    name = "scipy.signal"
    if name in sys.modules or "torchmetrics" in sys.modules:
        return
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name])["hamming"] = None
    try:
        import_module("pytorch_lightning")
    finally:
        del sys.modules[name]


def threads_for_one_run() -> int:
    """Intra-op threads of a run that has the machine to itself: OMP_NUM_THREADS if set, else all cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else usable_cores()


def usable_cores() -> int:
    """Cores this process may use: its CPU affinity, or fewer if its container has a smaller quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, int(min(cores, _processor_quota())))


def free_memory_bytes() -> float:
    """Memory still available to processes, on this machine and in this container."""
    import psutil

    found: list[float] = [psutil.virtual_memory().available]
    for name in _MEMORY_LIMITS:
        try:
            found.append(int(Path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError):  # missing, unreadable, or "max"
            continue
    return min(found)


def _processor_quota(root: Path = Path("/sys/fs/cgroup")) -> float:
    """CPU seconds that the container may use per second (cgroup v2, v1); infinite without a limit."""
    for folder, names in ((root, ["cpu.max"]), (root / "cpu", ["cpu.cfs_quota_us", "cpu.cfs_period_us"])):
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
            if quota not in ("max", "-1"):
                return int(quota) / int(period)
        except (OSError, ValueError):  # missing or unreadable
            continue
    return math.inf
