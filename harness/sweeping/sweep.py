"""`run_cells` runs every cell of a plan once, on a launcher's workers. A sweep has many cells, `harness run` one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import ConfigError
from harness.store import Store
from harness.store.records import EnvironmentRecord
from harness.sweeping import ledger, planning
from harness.sweeping.display import Display
from harness.sweeping.estimates import Estimates
from harness.sweeping.jobs import JobOutcome
from harness.sweeping.launchers import INLINE, LOCAL
from harness.sweeping.launchers.forkserver import forking
from harness.sweeping.launchers.inline import InlineLauncher
from harness.sweeping.launchers.launcher import Launcher
from harness.sweeping.launchers.local import LocalLauncher
from harness.sweeping.launchers.worker_context import WorkerContext
from harness.sweeping.limits import NO_LIMITS
from harness.sweeping.planning import PlannedRun
from harness.sweeping.pool import Pool
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
        outcomes: of the runs that were started or due to start, by key.
        elsewhere: keys of cells that another process runs and that were not waited for.
        estimates: expected seconds of cells by key, where known.
        environment: hash of the environment in which cells had to finish.
    """

    name: str
    planned: list[PlannedRun]
    outcomes: dict[str, JobOutcome] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    estimates: dict[str, float] = field(default_factory=dict)
    environment: str = ""

    @property
    def failed(self) -> list[PlannedRun]:
        """Runs that failed now, and those that failed earlier and were not retried."""
        return [r for r in self.planned if self._ended(r, "failed", "died") or r.state == planning.FAILED]

    @property
    def interrupted(self) -> list[PlannedRun]:
        """Runs that were stopped individually, not with the sweep."""
        return [run for run in self.planned if self._ended(run, "interrupted")]

    def _ended(self, run: PlannedRun, *statuses: str) -> bool:
        outcome = self.outcomes.get(run.plan.key)
        return outcome is not None and outcome.status in statuses


def run_cells(
    planned: Sequence[PlannedRun],
    store: Store,
    results: Path,
    display: Display,
    *,
    launcher: str,
    workers: int | None = None,
    retry: Sequence[str] = (),
    wait: bool = True,
    on_stop: Callable[[], None] | None = None,
) -> SweepResult:
    """Run every cell of a plan that is not finished yet.

    Incompatible pairs are recorded with their reason; a run that fails is recorded and the others go on.

    Args:
        planned: as `plan_cells` or `plan_one` returns them, at least one.
        store: where they are recorded.
        results: folder of run folders.
        display: shows progress.
        launcher: "inline" or "local", see `launcher_of`.
        workers: runs at a time on the local launcher; None: as `default_workers` says.
        retry: ("failed",) to run failed cells again.
        wait: whether to wait for cells that another process is running.
        on_stop: called when an inline run is asked to stop, before its current step has ended.

    Raises:
        StoreError: the store cannot be written.
        KeyboardInterrupt: Ctrl-C or SIGTERM; workers have been stopped and their runs recorded as interrupted.
    """
    trainer = planned[0].settings.trainer
    threads, device = trainer.threads or 1, trainer.device
    environment = _environment(device, threads)
    planned = ledger.with_states(planned, store, environment.hash, retry)
    ledger.record(planned, store)
    result = SweepResult(planned[0].plan.sweep, planned, environment=environment.hash)
    display.begin(planned, lambda: Estimates.from_store(store, planned, environment.hash))
    todo = [run for run in planned if run.state in (planning.READY, planning.ELSEWHERE)]
    if not todo:
        return result
    with _started(launcher, store, results, threads, on_stop) as started:
        count = 1
        if not started.in_this_process:
            count = _workers(workers, threads, device, display, len(todo))
        scheduler = SweepScheduler(todo, store, environment, display, prepared=not started.in_this_process)
        result.outcomes = scheduler.outcomes
        pool = Pool(started, count, scheduler.take, before=scheduler.before)
        _run(scheduler, pool, display, wait=wait, listen=not started.in_this_process)
        result.elsewhere = scheduler.elsewhere
    return result


def run_one(
    run: PlannedRun,
    store: Store,
    results: Path,
    display: Display,
    *,
    on_stop: Callable[[], None] | None = None,
) -> SweepResult:
    """Run a plan of one cell, inline unless it names another launcher, even if it failed earlier.

    Args:
        run: as `plan_one` returns it.
        store, results, display, on_stop: as for `run_cells`.

    Raises:
        ConfigError: its launcher cannot enforce its limits.
        KeyboardInterrupt: as `run_cells`.
    """
    return run_cells(
        [run],
        store,
        results,
        display,
        launcher=launcher_of([run], INLINE),
        retry=("failed",),
        wait=False,
        on_stop=on_stop,
    )


def look(planned: Sequence[PlannedRun], store: Store | None, *, retry: Sequence[str] = ()) -> SweepResult:
    """Report the states of the cells and how long they would take. Writes and runs nothing.

    Args:
        planned: as for `run_cells`.
        store: None: there is none yet.
        retry: as for `run_cells`.
    """
    trainer = planned[0].settings.trainer
    environment = _environment(trainer.device, trainer.threads or 1)
    result = SweepResult(planned[0].plan.sweep, ledger.with_states(planned, store, environment.hash, retry))
    estimates = Estimates.from_store(store, planned, environment.hash)
    expected = {run.plan.key: estimates.of(run) for run in planned}
    result.estimates = {key: seconds for key, seconds in expected.items() if seconds is not None}
    return result


def launcher_of(planned: Sequence[PlannedRun], default: str) -> str:
    """The launcher that the cells ask for.

    Raises:
        ConfigError: they ask for different ones, or for one that cannot enforce their limits.
    """
    asked = {run.launcher or default for run in planned}
    if len(asked) > 1:
        raise ConfigError(f"launcher is {' and '.join(sorted(asked))} in cells of one sweep; use one for all of them.")
    (launcher,) = asked
    if launcher == INLINE and any(run.limits != NO_LIMITS for run in planned):
        raise ConfigError(
            "limits.time and limits.memory are enforced from outside the process that runs a cell, and launcher=inline "
            "has no other. Run the cell in a process of its own: launcher=local, or 'harness sweep'."
        )
    return launcher


@contextmanager
def _started(
    name: str, store: Store, results: Path, threads: int, on_stop: Callable[[], None] | None
) -> Iterator[Launcher]:
    with forking() if name == LOCAL else nullcontext():
        if name == INLINE:
            yield InlineLauncher(store, results, on_stop)
        else:
            yield LocalLauncher(WorkerContext.here(store.address, results), threads)


def _workers(asked: int | None, threads: int, device: str, display: Display, most: int) -> int:
    """The number requested, or as many as fit; never more than there are jobs."""
    chosen = Workers(asked) if asked else default_workers(threads, device)
    count = min(chosen.count, most)
    display.at_a_time(count, threads, chosen.reason if count == chosen.count else "")
    return count


def _run(scheduler: SweepScheduler, pool: Pool, display: Display, *, wait: bool, listen: bool) -> None:
    """Run the pool until every cell has ended, here or elsewhere, or until asked to stop."""
    requests, heeded = StopRequests(), 0
    with requests.listening() if listen else nullcontext(), pool, display.live(pool.workers):
        pool.submit(*scheduler.jobs())
        while not pool.idle or (wait and scheduler.elsewhere and not heeded):
            if pool.idle:
                time.sleep(_TICK_S)
            pool.poll(_TICK_S)
            if requests.count > heeded:
                heeded = requests.count
                if heeded == 1:
                    display.stopping()
                    pool.stop()
                else:
                    pool.kill()
            if wait and not heeded:
                scheduler.look_elsewhere(pool)
            display.elsewhere(len(scheduler.elsewhere), only=pool.idle)
    if heeded:
        raise KeyboardInterrupt


def _environment(device: str, threads: int) -> EnvironmentRecord:
    from harness.measure.environment import measure_environment

    return measure_environment(device, threads)
