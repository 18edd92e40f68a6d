"""The course of a sweep: what is done with every event, and with cells that other sweeps have taken."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from harness.store import AlreadyFinished, AlreadyRunning, Store
from harness.store.cell_states import UNKNOWN, CellState, cell_state, cell_states
from harness.store.records import EnvironmentRecord
from harness.store.states import FAILED, FINISHED, INTERRUPTED, RUNNING
from harness.sweeping import planning
from harness.sweeping.display import Display
from harness.sweeping.jobs import Job, JobOutcome
from harness.sweeping.planning import PlannedRun, jobs_for
from harness.sweeping.pool import NOT_STARTED, JobEvent, Pool

_LOOK_S = 1.0
_AGAIN_S = 5.0  # for a cell that the store would give, but whose folder another process is in

_DONE, _ELSEWHERE = JobOutcome("done"), JobOutcome("elsewhere")


class SweepScheduler:
    """The cells of a sweep that were not finished when it began.

    A cell that another living process runs is left to it and looked at again at the end: when that has finished or
    failed, so has the cell; when it is dead or was stopped, this sweep takes the cell over.

    Args:
        runs: those to be run, and those that run elsewhere.
        store: where the runs are recorded.
        environment: in which they must finish.
        display: is told what happens.

    Attributes:
        outcomes: of the cells that have ended, by key.
    """

    def __init__(
        self, runs: Sequence[PlannedRun], store: Store, environment: EnvironmentRecord, display: Display
    ) -> None:
        self._store, self._environment, self._display = store, environment, display
        self._by_label = {run.label: run for run in runs}
        self._beside_alone = any(run.alone for run in runs)
        states = cell_states(store, (run.plan.key for run in runs), environment.hash)
        # A cell that fails in a later attempt than these was tried by another sweep meanwhile.
        self._attempts = {key: state.attempts - (state.status == RUNNING) for key, state in states.items()}
        self._elsewhere = {run.plan.key: run for run in runs if run.state == planning.ELSEWHERE}
        self._prepared: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._next_look = 0.0
        self.outcomes: dict[str, JobOutcome] = {}

    @property
    def elsewhere(self) -> int:
        """How many cells other sweeps have."""
        return len(self._elsewhere)

    def jobs(self) -> list[Job]:
        """What there is to do at the beginning."""
        jobs = jobs_for(
            [run for run in self._by_label.values() if run.state == planning.READY], beside_alone=self._beside_alone
        )
        self._prepared |= {job.label for job in jobs if job.kind == "prepare"}
        return jobs

    def before(self, job: Job) -> JobOutcome | None:
        """What is to become of a job that is about to be started; None: start it."""
        run = self._by_label.get(job.label)
        if run is None:
            return None
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        return _ELSEWHERE if state.status == RUNNING else self._ended(run, state)

    def take(self, event: JobEvent) -> None:
        """Record and show an event of the pool."""
        run = self._by_label.get(event.job.label)
        if event.outcome is None or run is None:
            self._display.update(event, run)
            return
        outcome = self._settle(run, event)
        self._display.closed(event.job.label)
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
                if run.prepare_label not in self._prepared:
                    self._prepared.add(run.prepare_label)
                    pool.submit(run.prepare_job(beside_alone=self._beside_alone))
                pool.submit(run.job(beside_alone=self._beside_alone))

    def _ended(self, run: PlannedRun, state: CellState) -> JobOutcome | None:
        """How a run has ended in another sweep; None: it has not."""
        if state.status == FINISHED:
            return _DONE
        if state.status == FAILED and state.attempts > self._attempts.get(run.plan.key, 0):
            return JobOutcome("failed", state.reason)
        return None

    def _end(self, run: PlannedRun, outcome: JobOutcome, *, by_another: bool) -> None:
        self.outcomes[run.plan.key] = outcome
        state = cell_state(self._store, run.plan.key, self._environment.hash)
        self._display.ended(run, outcome, state, by_another=by_another)

    def _settle(self, run: PlannedRun, event: JobEvent) -> JobOutcome:
        """Enter an end that the run could not enter itself; returns how it has ended after all.

        Its data failed, its process died, or it was stopped beyond a limit.
        """
        outcome, key = event.outcome, run.plan.key
        assert outcome is not None
        if outcome.status not in ("failed", "died", "interrupted"):
            return outcome
        state = cell_state(self._store, key, self._environment.hash)
        if state.status in (RUNNING, FINISHED):  # another sweep was quicker
            return _ELSEWHERE if state.status == RUNNING else _DONE
        if outcome.status == "interrupted":
            if state.status == INTERRUPTED:
                self._store.interrupt(self._row(run))  # its process may have been killed before it could
            return outcome
        if self._ended(run, state) is not None:
            return outcome  # it has entered that itself; an earlier attempt's failure would have no newer number
        started = state.status == INTERRUPTED and (outcome.status == "died" or outcome.over_limit)
        return self._fail(run, outcome, started=started)

    def _fail(self, run: PlannedRun, outcome: JobOutcome, *, started: bool) -> JobOutcome:
        try:
            row = self._row(run) if started else self._start(run)
        except (AlreadyRunning, AlreadyFinished) as error:
            return _ELSEWHERE if isinstance(error, AlreadyRunning) else _DONE
        self._store.fail(row, outcome.error, outcome.traceback, outcome.log_tail)
        return outcome

    def _row(self, run: PlannedRun) -> int:
        row = self._store.run_id(run.plan.key, self._environment.hash)
        assert row is not None
        return row

    def _start(self, run: PlannedRun) -> int:
        return self._store.start(run.plan, self._environment, owner_pid=os.getpid())
