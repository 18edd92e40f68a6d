"""`run_sweep`: every cell of a grid, once, in a pool of worker processes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from harness.config import expand
from harness.config.identity import device_type
from harness.errors import StoreError
from harness.runtime import importing, tune_allocator
from harness.store import Store
from harness.store.engine import results_folder, store_url
from harness.store.records import EnvironmentRecord
from harness.sweeping import planning
from harness.sweeping.display import Display
from harness.sweeping.estimates import Estimates
from harness.sweeping.jobs import JobOutcome, WorkerContext
from harness.sweeping.planning import PlannedRun
from harness.sweeping.pool import Pool, forking
from harness.sweeping.scheduler import SweepScheduler
from harness.sweeping.stopping import StopRequests
from harness.sweeping.workers import Workers, default_workers

_TICK_S = 0.5


@dataclass
class SweepResult:
    """What a sweep did.

    Attributes:
        name: of the sweep.
        planned: every cell with the state it had before.
        outcomes: of the runs that were started or should have been, by key.
        estimates: seconds that cells are expected to take, by key, where that is known.
    """

    name: str
    planned: list[PlannedRun]
    outcomes: dict[str, JobOutcome] = field(default_factory=dict)
    estimates: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> list[PlannedRun]:
        """Runs that failed now, and those that failed earlier and were not tried again."""
        return [r for r in self.planned if self._ended(r, "failed", "died") or r.state == planning.FAILED]

    @property
    def interrupted(self) -> list[PlannedRun]:
        """Runs that somebody stopped, but not the sweep."""
        return [run for run in self.planned if self._ended(run, "interrupted")]

    def _ended(self, run: PlannedRun, *statuses: str) -> bool:
        outcome = self.outcomes.get(run.plan.key)
        return outcome is not None and outcome.status in statuses


def run_sweep(
    overrides: Sequence[str],
    *,
    workers: int | None = None,
    dry_run: bool = False,
    retry: Sequence[str] = (),
    quiet: bool = False,
) -> SweepResult:
    """Run every cell of a sweep that is not finished yet.

    Incompatible pairs are recorded with their reason; a run that fails is recorded and the sweep goes on. Cells that
    another sweep runs at the moment are waited for.

    Args:
        overrides: the command line's words, in Hydra's sweep grammar.
        workers: processes at a time; None: as `default_workers` says.
        dry_run: only look: nothing is written and nothing is run.
        retry: ("failed",) to run failed cells again.
        quiet: show no progress.

    Raises:
        UserError, PluginError: the command line, a plug-in or the store is wrong; nothing has been run.
        KeyboardInterrupt: Ctrl-C or SIGTERM; workers have been stopped and their runs recorded as interrupted.
    """
    tune_allocator()  # it is part of the environment, by which finished runs are known
    display = Display(quiet=quiet)
    with nullcontext() if dry_run else forking():  # its imports take as long as what comes before the first run
        with display.waiting("Composing the cells"), importing():
            planned = planning.plan_cells(expand(overrides))
        name, trainer = planned[0].plan.sweep, planned[0].settings.trainer
        threads, device = trainer.threads or 1, device_type(trainer.device)
        with display.waiting("Looking at the results store"):
            environment = _environment(device, threads)
            if dry_run:
                return _look(name, planned, environment, retry)
            store = Store.open()
        with store:
            planned = planning.with_states(planned, store, environment.hash, retry)
            planning.record(planned, store, experiment=any(w.startswith("experiment=") for w in overrides))
            result = SweepResult(name, planned)
            display.estimates = Estimates.from_store(store, planned, environment.hash)
            display.begin(planned)
            todo = [run for run in planned if run.state in (planning.READY, planning.ELSEWHERE)]
            if todo:
                course = SweepScheduler(todo, store, environment, display)
                result.outcomes = course.outcomes
                _run(course, _pool(workers, threads, device, course, display, len(todo)), display)
    return result


def _pool(workers: int | None, threads: int, device: str, course: SweepScheduler, display: Display, most: int) -> Pool:
    """The workers that were asked for, or as many as fit; never more than there is to do."""
    chosen = Workers(workers) if workers else default_workers(threads, device)
    count = min(chosen.count, most)
    display.at_a_time(count, threads, chosen.reason if count == chosen.count else "")
    around = WorkerContext(Path.cwd(), dict(os.environ), store_url(), results_folder().absolute(), threads)
    return Pool(count, around, before=course.before)


def _run(course: SweepScheduler, pool: Pool, display: Display) -> None:
    """Keep the pool busy until every cell has ended, here or elsewhere, or until told to stop."""
    requests, heeded = StopRequests(), 0
    with requests.listening(), pool, display.live(pool.workers):
        pool.submit(*course.jobs())
        while not pool.idle or (course.elsewhere and not heeded):
            if pool.idle:
                time.sleep(_TICK_S)
            for event in pool.poll(_TICK_S):
                course.take(event)
            if requests.count > heeded:
                heeded = requests.count
                if heeded == 1:
                    display.stopping()
                    pool.stop()
                else:
                    pool.kill()
            if not heeded:
                course.look_elsewhere(pool)
            display.elsewhere(course.elsewhere, only=pool.idle)
    if heeded:
        raise KeyboardInterrupt


def _look(name: str, planned: list[PlannedRun], environment: EnvironmentRecord, retry: Sequence[str]) -> SweepResult:
    """What would become of the cells, and how long they would take."""
    try:
        store: Store | None = Store.open(create=False)
    except StoreError:
        store = None  # a dry run needs no store
    try:
        result = SweepResult(name, planning.with_states(planned, store, environment.hash, retry))
        estimates = Estimates.from_store(store, planned, environment.hash)
    finally:
        if store is not None:
            store.close()
    expected = {run.plan.key: estimates.of(run) for run in planned}
    result.estimates = {key: seconds for key, seconds in expected.items() if seconds is not None}
    return result


def _environment(device: str, threads: int) -> EnvironmentRecord:
    from harness.measure.environment import measure_environment

    return measure_environment(device, threads)
