"""What else the machine did while a run was timed, and whether the run had to wait for a core."""

from __future__ import annotations

import os
import statistics
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from harness.measure import process_tree
from harness.measure.sampler import Sampler
from harness.runtime import usable_cores

TRAINING = "training"
WAITING_LIMIT = 0.05
"""Share of waiting above which a time is contended: it may be too long by that share."""

_TASKS = Path("/proc/self/task")
_BEFORE = "setup"


@dataclass
class _Used:
    """Use during a phase: seconds, summed over cores and threads.

    Attributes:
        cores: the capacity of the usable cores.
        busy: their use by any process; time taken by a hypervisor counts as used.
        stolen: time taken by a hypervisor.
        own: the use of this process and its descendants.
        ran, waited: time of this process's threads on a core, and ready to run without one.
    """

    cores: float = 0.0
    busy: float = 0.0
    stolen: float = 0.0
    own: float = 0.0
    ran: float = 0.0
    waited: float = 0.0


class MachineLoad:
    """Context manager that watches the machine from a thread while a run lasts.

    There are two measures. `other_cpu_share` is the use of this process's usable cores by everything else, from the
    system's counters less this process tree's; in a container these counters are the machine's, so neighbours on the
    same cores are included. It shows that the machine was busy, but not whether that mattered: of two workers with a
    core each, each sees the other use half of the machine. `waiting_share` shows it: the time this process's threads
    were ready to run but had no core (Linux counts it per thread), as a share of that plus the time they ran.
    Throttling by a container quota counts as waiting too. Measured with two single-threaded trainings on two cores:
    with a core each they waited 0.5 % of their time; bound to one core, 50 %, and they took twice as long.

    So a run is `contended` if its threads waited for more than 5 % of their time, or if a hypervisor took more than 5 %
    of the cores, which is waiting the threads' counters do not include. If the system does not count waiting (macOS),
    it is contended if others used more of the cores than the run's threads left free, with a tolerance of 5 %:
    `other_cpu_share > 1 - threads / cores + 0.05`.

    If there was a phase "training", `summary` covers only that phase.

    Args:
        threads: used by the run.
        interval: seconds between samples.
    """

    def __init__(self, threads: int, interval: float = 1.0) -> None:
        self._threads = threads
        self._process = psutil.Process()
        self._cores = _usable()
        self._phase = _BEFORE
        self._used: defaultdict[str, _Used] = defaultdict(_Used)
        self._loads: defaultdict[str, list[float]] = defaultdict(list)
        self._waits = _ThreadTimes()
        self._before: tuple[float, float, float, float] | None = None
        self._lock = threading.RLock()
        self._sampler = Sampler("machine-load", interval, self._note)

    def phase(self, name: str) -> None:
        """Switch to a phase; takes a third of a millisecond."""
        with self._lock:
            self._charge()
            self._phase = name

    @contextmanager
    def visit(self, name: str) -> Iterator[None]:
        """A nested phase, such as validation within training."""
        before = self._phase
        self.phase(name)
        try:
            yield
        finally:
            self.phase(before)

    def summary(self, exclusive: bool) -> dict[str, Any]:
        """The values for the run's record; unavailable ones are left out.

        Args:
            exclusive: whether the run had exclusive use of the machine.
        """
        with self._lock:
            self._charge()
            if TRAINING in self._used:
                used, loads = self._used[TRAINING], self._loads[TRAINING]
            else:
                used, loads = _sum(self._used.values()), [load for some in self._loads.values() for load in some]
        found: dict[str, Any] = {"samples": len(loads), "threads": self._threads, "cores": len(self._cores)}
        if loads:
            found["load_average_mean"] = round(statistics.fmean(loads), 3)
            found["load_average_max"] = round(max(loads), 3)
        if used.cores > 0:
            found["other_cpu_share"] = _share(used.busy - used.own, used.cores)
            found["stolen_share"] = _share(used.stolen, used.cores)
        if self._waits.known:
            found["waiting_share"] = _share(used.waited, used.ran + used.waited)
        found["contended"] = contended(found)
        found["exclusive"] = exclusive
        return found

    def __enter__(self) -> MachineLoad:
        self._sampler.must_not_run()
        self._before = self._read()
        self._waits.take()
        self._note()
        self._sampler.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampler.__exit__(kind, error, trace)
        with self._lock:
            self._charge()
            self._before = None

    def _note(self) -> None:
        """Sample values that cannot be read later: the load, and the times of threads that may end."""
        with self._lock:
            load = _load_average()
            if load is not None:
                self._loads[self._phase].append(load)
            self._charge_waits()

    def _charge(self) -> None:
        """Attribute the use since the last reading to the current phase."""
        if self._before is None:
            return
        now = self._read()
        cores, busy, stolen, own = (after - before for after, before in zip(now, self._before, strict=True))
        self._before = now
        used = self._used[self._phase]
        used.cores += max(0.0, cores)
        used.busy += max(0.0, busy)
        used.stolen += max(0.0, stolen)
        used.own += max(0.0, own)
        self._charge_waits()

    def _charge_waits(self) -> None:
        ran, waited = self._waits.take()
        self._used[self._phase].ran += ran
        self._used[self._phase].waited += waited

    def _read(self) -> tuple[float, float, float, float]:
        """Counters so far: capacity of the cores, their use, time lost to a hypervisor, and use by this process
        tree."""
        everything = psutil.cpu_times(percpu=True)
        mine = [everything[core] for core in self._cores if core < len(everything)]
        guest = ("guest", "guest_nice")  # already part of user and nice
        total = sum(sum(v for k, v in times._asdict().items() if k not in guest) for times in mine)
        idle = sum(times.idle + getattr(times, "iowait", 0.0) for times in mine)
        stolen = sum(getattr(times, "steal", 0.0) for times in mine)
        return total, total - idle, stolen, process_tree.cpu_seconds(self._process)


def contended(measured: dict[str, Any]) -> bool:
    """Whether a run lacked a core while it was timed; see `MachineLoad` for the rule.

    Args:
        measured: as `MachineLoad.summary` returns it, with "threads" and "cores".
    """
    if measured.get("stolen_share", 0.0) > WAITING_LIMIT:
        return True
    if "waiting_share" in measured:
        return bool(measured["waiting_share"] > WAITING_LIMIT)
    free = 1.0 - min(1.0, measured["threads"] / measured["cores"])
    return bool(measured.get("other_cpu_share", 0.0) > free + WAITING_LIMIT)


class _ThreadTimes:
    """How long this process's threads ran and waited for a core, since the last call of `take`.

    The last times of a thread that ended between two calls are lost.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}
        self.known = (Path("/proc/self") / "schedstat").exists()

    def take(self) -> tuple[float, float]:
        """Seconds all threads ran, and seconds they were ready but had no core."""
        if not self.known:
            return 0.0, 0.0
        ran = waited = 0
        now: dict[str, tuple[int, int]] = {}
        for name in os.listdir(_TASKS):
            try:
                words = (_TASKS / name / "schedstat").read_text().split()
            except OSError:  # the thread has ended
                continue
            now[name] = (int(words[0]), int(words[1]))
            ran_before, waited_before = self._last.get(name, (0, 0))
            if now[name][0] < ran_before:  # a new thread with the same number
                ran_before = waited_before = 0
            ran += now[name][0] - ran_before
            waited += now[name][1] - waited_before
        self._last = now
        return ran / 1e9, waited / 1e9


def _usable() -> list[int]:
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity is not None else list(range(usable_cores()))


def _load_average() -> float | None:
    """Of the last minute."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _share(part: float, whole: float) -> float:
    return round(min(1.0, max(0.0, part / whole)), 4) if whole > 0 else 0.0


def _sum(parts: Any) -> _Used:
    total = _Used()
    for part in parts:
        for name, value in vars(part).items():
            setattr(total, name, getattr(total, name) + value)
    return total
