"""What must be set before torch is imported, how Lightning is imported, and what this machine has for computing.

With glibc's defaults every training step returns its memory to the system and faults it in again (tens of
thousands of page faults a step); an OpenMP thread that spins while a neighbour is busy slows both.
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

_active: dict[str, int] = {}


def tune_allocator() -> dict[str, int]:
    """Keep freed memory in the process, where the C library is glibc; elsewhere nothing happens.

    Returns:
        The settings that were made, for the environment's record.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return {}
    libc = ctypes.CDLL(None)
    _active.update({name: value for name, (parameter, value) in _MALLOPT.items() if libc.mallopt(parameter, value)})
    return active_allocator()


def active_allocator() -> dict[str, int]:
    """What `tune_allocator` set in this process; the C library cannot be asked."""
    return dict(_active)


@contextmanager
def importing() -> Iterator[None]:
    """For a block that imports a million objects, which all stay: nobody looks for garbage in them, then or later.

    Looking takes an eighth of the time of the imports. A process that is forked afterwards shares what it never
    writes to, and looking for garbage writes.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def import_lightning() -> None:
    """Import Lightning without SciPy's signal processing, a sixth of its time and of its memory.

    torchmetrics, which Lightning imports, loads `scipy.signal` to give it back a name that it once had, for a package
    that is not among ours. Whoever imports `scipy.signal` later gets all of it.
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
    """Intra-op threads of a run that has the machine to itself: OMP_NUM_THREADS where it is set, else all cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else usable_cores()


def usable_cores() -> int:
    """Cores that this process may use: those it may run on, or fewer where its container gets less of their time."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, int(min(cores, _processor_quota())))


def _processor_quota(root: Path = Path("/sys/fs/cgroup")) -> float:
    """Seconds of processor time that a container gets in each second (cgroup v2, v1); infinite without a limit."""
    for folder, names in ((root, ["cpu.max"]), (root / "cpu", ["cpu.cfs_quota_us", "cpu.cfs_period_us"])):
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
            if quota not in ("max", "-1"):
                return int(quota) / int(period)
        except (OSError, ValueError):  # not here, or not for us
            continue
    return math.inf
