"""How long cells will take, from runs of the same task, model and budget that have finished."""

from __future__ import annotations

import heapq
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

from harness.store import Store
from harness.store.durations import durations
from harness.sweeping.planning import PlannedRun

Kind = tuple[str, str, str]
"""Task, model and budget; runs that share them are expected to take equally long."""


class Estimates:
    """Times of finished runs by kind; the expected time is their median."""

    def __init__(self) -> None:
        self._known: defaultdict[Kind, list[float]] = defaultdict(list)

    @classmethod
    def from_store(cls, store: Store | None, planned: Iterable[PlannedRun], environment: str) -> Estimates:
        """Times of earlier runs: from this environment if there are any, else from others."""
        made, kinds = cls(), {kind_of(run) for run in planned}
        if store is None or not kinds:
            return made
        elsewhere: defaultdict[Kind, list[float]] = defaultdict(list)
        for took in durations(store, {task for task, _, _ in kinds}):
            kind = (took.task, took.model, took.budget)
            if kind in kinds:
                (made._known if took.environment == environment else elsewhere)[kind].append(took.seconds)
        for kind, times in elsewhere.items():
            made._known.setdefault(kind, times)
        return made

    def add(self, run: PlannedRun, seconds: float) -> None:
        """Add the time of a run that has just finished."""
        self._known[kind_of(run)].append(seconds)

    def of(self, run: PlannedRun) -> float | None:
        """Seconds that a run is expected to take; None if no run of its kind has finished."""
        times = self._known.get(kind_of(run))
        return statistics.median(times) if times else None

    def remaining(
        self, waiting: Sequence[PlannedRun], running: Sequence[tuple[PlannedRun, float, float]], workers: int
    ) -> float | None:
        """Seconds until everything is done; None if the times of most cells are unknown.

        A cell of an unknown kind is assumed to take the average of the known ones.

        Args:
            waiting: cells that have not been started, in their order.
            running: (cell, seconds since its start, fraction done) of the others.
            workers: cells at a time.
        """
        known = [seconds for run in waiting if (seconds := self.of(run)) is not None]
        left = [_left(self.of(run), elapsed, done) for run, elapsed, done in running]
        sure = [seconds for seconds in left if seconds is not None]
        if len(known) + len(sure) < (len(waiting) + len(left)) / 2:
            return None
        usual = statistics.fmean(known or sure) if known or sure else 0.0
        lanes = sorted(usual if seconds is None else seconds for seconds in left)
        lanes += [0.0] * (max(1, workers) - len(lanes))
        heapq.heapify(lanes)
        for run in waiting:
            heapq.heappush(lanes, heapq.heappop(lanes) + (self.of(run) or usual))
        return max(lanes)


def kind_of(run: PlannedRun) -> Kind:
    """The kind of a run. Baselines have no budget."""
    return (run.plan.task, run.plan.model, run.plan.config.get("budget", ""))


def _left(expected: float | None, elapsed: float, done: float) -> float | None:
    """Seconds that a running cell still needs: from its progress if there is any, else from its expected time."""
    if done >= 0.1:
        return elapsed * (1.0 - done) / done
    return None if expected is None else max(0.0, expected - elapsed)
