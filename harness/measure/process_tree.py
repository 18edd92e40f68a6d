"""A process and its descendants: the members of the tree, and their combined resource use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessMemory:
    """Memory of a process tree in bytes.

    Attributes:
        resident: resident set sizes added up; pages shared within the tree count several times.
        proportional: proportional set sizes added up (a page that n processes share counts as 1/n for each); None
            if unavailable.
        own: pages written to: all of the process's, and the private ones of its descendants. The difference of two
            readings is the memory the tree acquired in between; pages inherited from the parent are in both readings,
            whether copied since or not. None if unavailable.
    """

    resident: int
    proportional: int | None = None
    own: int | None = None


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """The living descendants of a process."""
    if not (PROC / str(process.pid) / "task" / str(process.pid) / "children").exists():
        try:
            return process.children(recursive=True)
        except psutil.Error:
            return []
    found, left = [], [process.pid]
    while left:
        for child in _children(left.pop()):
            left.append(child)
            try:
                found.append(psutil.Process(child))
            except psutil.Error:  # it has ended in the meantime
                continue
    return found


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a process and its descendants since each started, including ended ones."""
    total = 0.0
    for member in [process, *descendants(process)]:
        try:
            times = member.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
        total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def resident_bytes(process: psutil.Process) -> int:
    """Resident set sizes of a process and its descendants; costs microseconds."""
    total = 0
    for member in [process, *descendants(process)]:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


def memory(process: psutil.Process) -> ProcessMemory:
    """Memory of a process and its descendants; makes the kernel walk all their pages (24 ms for 0.9 GB)."""
    tree = [process, *descendants(process)]
    resident = proportional = own = 0
    for member in tree:
        try:
            resident += member.memory_info().rss
        except psutil.Error:
            continue
        pages = _pages(member.pid)
        if pages is None:
            if member is process:
                return ProcessMemory(resident_bytes(process))
            continue  # a child that has ended in the meantime
        proportional += pages["Pss"]
        own += pages["Private_Dirty"]
        if member is process:
            # Inherited pages turn from shared to private as they are copied, and own pages from private to shared
            # as a child inherits them: the sum stays.
            own += pages["Shared_Dirty"]
    return ProcessMemory(resident, proportional, own)


def _children(pid: int) -> list[int]:
    found = []
    try:
        for task in (PROC / str(pid) / "task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:  # it has ended in the meantime
        pass
    return found


def _pages(pid: int) -> dict[str, int] | None:
    """Bytes by kind of page; None if unavailable."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return None
    pairs = (line.split() for line in lines)
    return {name.rstrip(":"): 1024 * int(amount) for name, amount, _ in pairs}
