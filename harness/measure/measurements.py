"""What a run costs besides time (memory, energy), and what else the machine did meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any

from harness.measure.energy import EnergyMeter
from harness.measure.load import MachineLoad, contended
from harness.measure.memory import EVALUATION, TRAINING, PeakMemory
from harness.store.records import RunSummary

_SHARES = ("load_average_mean", "other_cpu_share", "stolen_share", "waiting_share")


class Measurements(AbstractContextManager["Measurements"]):
    """Memory, load and energy of a run, measured during the block; parts of an interrupted run are combined.

    Args:
        device: "cpu" or "cuda".
        threads: used by the run.
        exclusive: whether the run has the machine to itself.
    """

    def __init__(self, device: str, threads: int, exclusive: bool) -> None:
        self._memory = PeakMemory(device=device)
        self._load = MachineLoad(threads)
        self._energy = EnergyMeter(device)
        self._exclusive = exclusive
        self._earlier: dict[str, Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Measurements:
        for watch in (self._memory, self._load, self._energy):
            self._stack.enter_context(watch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def training(self) -> None:
        """Training begins."""
        self._memory.phase(TRAINING)
        self._load.phase(TRAINING)

    def testing(self) -> None:
        """Training is over; evaluation of the test split begins."""
        self._memory.phase(EVALUATION)
        self._load.phase(EVALUATION)

    @contextmanager
    def validating(self) -> Iterator[None]:
        """A validation within training."""
        with self._memory.visit(EVALUATION), self._load.visit(EVALUATION):
            yield

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Something that is no part of the run's costs, such as timing predictions: nothing counts meanwhile."""
        with self._memory.apart(), self._load.visit("apart"), self._energy.apart():
            yield

    def taken(self) -> dict[str, Any]:
        """Everything measured so far, as plain values: what a checkpoint carries."""
        memory = self._memory.summary()  # takes a sample, which walks all pages: one is enough
        now = {
            "peak_bytes": self._memory.seen_bytes,
            "memory": memory,
            "machine": self._load.summary(self._exclusive),
            "energy": self._energy.summary(),
        }
        return together(self._earlier, now)

    def carry_on(self, earlier: dict[str, Any]) -> None:
        """Take over what an interrupted process had measured."""
        self._earlier = earlier

    def write(self, summary: RunSummary) -> None:
        """Enter everything in the run's summary."""
        found = self.taken()
        summary.memory_peak_bytes = found["peak_bytes"]
        summary.memory, summary.machine, summary.energy = found["memory"], found["machine"], found["energy"]


def together(earlier: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Two parts of one run: the larger peaks, shares weighted by samples, energy added up (absent if either lacks it).

    A run is contended if its parts combined were.
    """
    if not earlier:
        return now
    memory = now["memory"] | {
        name: max(value, now["memory"].get(name, 0))
        for name, value in earlier["memory"].items()
        if name.endswith("_peak_bytes")
    }
    energy = dict(now["energy"])
    if energy and earlier["energy"].get("method") == energy["method"]:
        energy["joules"] += earlier["energy"]["joules"]
    else:
        energy = {}
    return {
        "peak_bytes": max(earlier["peak_bytes"], now["peak_bytes"]),
        "memory": memory,
        "machine": _machine(earlier["machine"], now["machine"]),
        "energy": energy,
    }


def _machine(earlier: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    first, second = max(1, earlier["samples"]), max(1, now["samples"])
    both = dict(now)
    both["samples"] = earlier["samples"] + now["samples"]
    for name in _SHARES:
        if name in earlier and name in now:
            both[name] = round((first * earlier[name] + second * now[name]) / (first + second), 4)
    if "load_average_max" in earlier and "load_average_max" in now:
        both["load_average_max"] = max(earlier["load_average_max"], now["load_average_max"])
    both["contended"] = contended(both)
    both["exclusive"] = earlier["exclusive"] and now["exclusive"]
    return both
