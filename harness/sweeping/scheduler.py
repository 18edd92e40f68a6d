"""What a sweep does with every event of its jobs, and with cells that other sweeps have taken."""

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
_AGAIN_S = 5.0  # for a cell that the store would give, but whose folder another process is in

_DONE, _ELSEWHERE = JobOutcome("done"), JobOutcome("elsewhere")


class SweepScheduler:
    """The cells of a sweep that were not finished when it began.

    A cell that another living process runs is left to it and looked at again at the end: when that has finished or
    failed, so has the cell; when it is dead or was stopped, this sweep takes the cell over.

    Args:
        runs: those to be run, and those that run elsewhere, with their states from the store.
        store: where the runs are recorded.
        environment: in which they must finish.
        display: is told what happens.
        prepared: whether data is prepared by jobs of their own.

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
        self._prepared: set[str] = set()  # keys of data that a job was made for
        self._not_before: dict[str, float] = {}
        self._next_look = 0.0
        self.outcomes: dict[str, JobOutcome] = {}

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Keys of the cells that other sweeps have."""
        return tuple(self._elsewhere)

    def jobs(self) -> list[Job]:
        """What there is to do at the beginning."""
        ready = [run for run in self._by_key.values() if run.state == planning.READY]
        self._prepared |= {data_key(run) for run in ready}
        return jobs_for(ready, beside_alone=self._beside_alone, prepared=self._apart)

    def before(self, job: Job) -> JobOutcome | None:
        """What is to become of a job that is about to be started; None: start it."""
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
        """See what became of the cells that other sweeps have; those that nobody runs any more are taken over."""
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
        if state.status == FAILED and state.attempts > run.attempts:  # tried by another sweep meanwhile
            return JobOutcome("failed", state.reason)
        return None

    def _end(self, run: PlannedRun, outcome: JobOutcome, *, by_another: bool) -> None:
        self.outcomes[run.plan.key] = outcome
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        self._display.ended(run, outcome, state, by_another=by_another)

    def _settle(self, run: PlannedRun, outcome: JobOutcome) -> JobOutcome:
        """Enter an end that the run could not enter itself; returns how it has ended after all.

        Its data failed, its process died, or it was stopped for exceeding a limit.
        """
        if outcome.status not in ("failed", "died", "interrupted"):
            return outcome
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        if state.status in (RUNNING, FINISHED):  # another sweep was quicker
            return _by_another(state.status, outcome)
        if outcome.status == "interrupted":
            if state.status == INTERRUPTED:  # its process may have been killed before it could enter that
                record_interrupted(run, self._store, self._environment)
            return outcome
        if self._ended(run, state) is not None:
            return outcome  # it has entered that itself; an earlier attempt's failure would have no newer number
        started = state.status == INTERRUPTED and (outcome.status == "died" or outcome.over_limit)
        return _by_another(record_failed(run, outcome, self._store, self._environment, started=started), outcome)


def _by_another(status: str, outcome: JobOutcome) -> JobOutcome:
    """What an outcome here becomes where another sweep runs or has finished the cell."""
    return {RUNNING: _ELSEWHERE, FINISHED: _DONE}.get(status, outcome)
