"""Handles the events of a sweep's jobs, and the cells that other sweeps run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from harness.store import Store
from harness.store.cell_states import UNKNOWN, CellState, cell_state, cell_states
from harness.store.records import EnvironmentRecord
from harness.store.states import FAILED, FINISHED, INTERRUPTED, RUNNING
from harness.sweeping import planning
from harness.sweeping.display import Display
from harness.sweeping.jobs import NOT_STARTED, Job, JobEvent, JobOutcome, data_key, jobs_for, prepare_job, run_job
from harness.sweeping.ledger import record_failed, record_interrupted
from harness.sweeping.planning import PlannedRun
from harness.sweeping.pool import Pool

_LOOK_S = 1.0
_AGAIN_S = 5.0  # retry interval for a cell that is free in the store while another process holds its folder

_DONE, _ELSEWHERE = JobOutcome("done"), JobOutcome("elsewhere")


class SweepScheduler:
    """The cells of a sweep that were not finished when it began.

    A cell that another living process runs is left to it and checked again at the end. If that process has finished the
    cell or failed, so has the cell here; if it died or was stopped, this sweep takes the cell over.

    Args:
        runs: those to be run, and those that run elsewhere, with their states from the store.
        store: where the runs are recorded.
        environment: where they must finish.
        display: shows progress.
        prepared: whether separate jobs prepare data.

    Attributes:
        outcomes: of the cells that have ended, by key.
    """

    def __init__(
        self,
        runs: Sequence[PlannedRun],
        store: Store,
        environment: EnvironmentRecord,
        display: Display,
        *,
        prepared: bool = True,
    ) -> None:
        self._store, self._environment, self._display, self._apart = store, environment, display, prepared
        self._by_key = {run.plan.key: run for run in runs}
        self._beside_alone = any(run.alone for run in runs)
        self._elsewhere = {run.plan.key: run for run in runs if run.state == planning.ELSEWHERE}
        self._prepared: set[str] = set()  # keys of data that has a job
        self._not_before: dict[str, float] = {}
        self._next_look = 0.0
        self.outcomes: dict[str, JobOutcome] = {}

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Keys of the cells that other sweeps run."""
        return tuple(self._elsewhere)

    def jobs(self) -> list[Job]:
        """The jobs to begin with."""
        ready = [run for run in self._by_key.values() if run.state == planning.READY]
        self._prepared |= {data_key(run) for run in ready}
        return jobs_for(ready, beside_alone=self._beside_alone, prepared=self._apart)

    def before(self, job: Job) -> JobOutcome | None:
        """The outcome of a job that need not be started any more; None: start it."""
        run = self._by_key.get(job.key)
        if run is None:
            return None
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        return _ELSEWHERE if state.status == RUNNING else self._ended(run, state)

    def take(self, event: JobEvent) -> None:
        """Record and show an event of the pool."""
        run = self._by_key.get(event.job.key)
        self._display.update(event, run)
        if event.outcome is None or run is None:
            return
        outcome = self._settle(run, event.outcome)
        if outcome.status == "elsewhere":
            self._elsewhere[run.plan.key] = run
            if event.text != NOT_STARTED:
                self._not_before[run.plan.key] = time.monotonic() + _AGAIN_S
        else:
            self._end(run, outcome, by_another=event.text == NOT_STARTED and outcome.status == "done")

    def look_elsewhere(self, pool: Pool) -> None:
        """Check the cells that other sweeps had; take over those that no process runs any more."""
        now = time.monotonic()
        if not self._elsewhere or now < self._next_look:
            return
        self._next_look = now + _LOOK_S
        states = cell_states(self._store, self._elsewhere, self._environment.hash)
        for key, run in list(self._elsewhere.items()):
            state = states.get(key, UNKNOWN)
            outcome = self._ended(run, state)
            if outcome is not None:
                del self._elsewhere[key]
                self._end(run, outcome, by_another=True)
            elif state.status != RUNNING and now >= self._not_before.get(key, 0.0):
                del self._elsewhere[key]
                if self._apart and data_key(run) not in self._prepared:
                    self._prepared.add(data_key(run))
                    pool.submit(prepare_job(run, beside_alone=self._beside_alone))
                pool.submit(run_job(run, beside_alone=self._beside_alone, prepared=self._apart))

    def _ended(self, run: PlannedRun, state: CellState) -> JobOutcome | None:
        """How a run has ended in another sweep; None: it has not."""
        if state.status == FINISHED:
            return _DONE
        if state.status == FAILED and state.attempts > run.attempts:  # another sweep has tried it
            return JobOutcome("failed", state.reason)
        return None

    def _end(self, run: PlannedRun, outcome: JobOutcome, *, by_another: bool) -> None:
        self.outcomes[run.plan.key] = outcome
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        self._display.ended(run, outcome, state, by_another=by_another)

    def _settle(self, run: PlannedRun, outcome: JobOutcome) -> JobOutcome:
        """Record an outcome that the run could not record itself; returns its final outcome.

        Such a run's data failed, its process died, or it exceeded a limit.
        """
        if outcome.status not in ("failed", "died", "interrupted"):
            return outcome
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        if state.status in (RUNNING, FINISHED):  # another sweep has it
            return _by_another(state.status, outcome)
        if outcome.status == "interrupted":
            if state.status == INTERRUPTED:  # its process may have been killed before it could record that
                record_interrupted(run, self._store, self._environment)
            return outcome
        if self._ended(run, state) is not None:
            return outcome  # recorded by the run itself: an earlier failure would not have raised `attempts`
        started = state.status == INTERRUPTED and (outcome.status == "died" or outcome.over_limit)
        return _by_another(record_failed(run, outcome, self._store, self._environment, started=started), outcome)


def _by_another(status: str, outcome: JobOutcome) -> JobOutcome:
    """The outcome of a cell that another sweep runs or has finished."""
    return {RUNNING: _ELSEWHERE, FINISHED: _DONE}.get(status, outcome)
