"""What must be set before torch is imported: the C library's allocator and OpenMP's waiting.

With glibc's defaults every training step returns its memory to the system and faults it in again (tens of
thousands of page faults a step); an OpenMP thread that spins while a neighbour is busy slows both.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

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


def threads_for_one_run() -> int:
    """Intra-op threads of a run that has the machine to itself: OMP_NUM_THREADS where it is set, else all cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else usable_cores()


def usable_cores() -> int:
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
