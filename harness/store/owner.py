"""Who runs a run: tells a living process from a dead one, without host names.

On the same machine a process is known by its number and the moment it started. From elsewhere (a store shared
by several machines, or another container) neither says anything, and the age of the heartbeat decides.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

STALE_AFTER_S = 300.0
"""A run of another machine counts as dead when its last heartbeat is older than this."""

_SAME_START_S = 1.0


@dataclass(frozen=True)
class Owner:
    """A process: its number, the Unix time of its start, and a digest of where it lives."""

    pid: int
    started: float
    place: str


@cache
def this_place() -> str:
    """Digest of this machine's boot and process name space, equal for processes that see each other's numbers."""
    parts = []
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:  # no /proc: not Linux
        parts.append(str(round(psutil.boot_time())))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def owner_of(pid: int) -> Owner:
    """The owner that a process of this machine is. A process that is already gone gets the start time 0."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.Error:
        started = 0.0
    return Owner(pid, started, this_place())


def is_alive(owner: Owner | None, heartbeat: float | None) -> bool:
    """Whether the process that owns a run still lives.

    Args:
        owner: as stored with the run; None: nobody.
        heartbeat: Unix time of the last sign of life.
    """
    if owner is None:
        return False
    if owner.place != this_place():
        return heartbeat is not None and time.time() - heartbeat < STALE_AFTER_S
    try:
        process = psutil.Process(owner.pid)
        return abs(process.create_time() - owner.started) < _SAME_START_S and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
