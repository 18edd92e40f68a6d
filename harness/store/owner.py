"""The owner of a run: tells a living process from a dead one, without host names.

On the same machine a process is identified by its number and its start time. From elsewhere (a store shared by several
machines, or another container) neither is meaningful, and the age of the heartbeat decides.
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
    """A process: its number, the Unix time of its start, and a digest of its machine and process namespace."""

    pid: int
    started: float
    place: str


@cache
def this_place() -> str:
    """Digest of this machine's boot and process namespace, equal for processes that see each other's numbers."""
    parts = []
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:  # no /proc: not Linux
        parts.append(str(round(psutil.boot_time())))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def owner_of(pid: int) -> Owner:
    """The owner for a process of this machine. A process that has already ended gets the start time 0."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.Error:
        started = 0.0
    return Owner(pid, started, this_place())


def is_alive(owner: Owner | None, heartbeat: float | None) -> bool:
    """Whether the process that owns a run still lives.

    Args:
        owner: as stored with the run; None: no process.
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
