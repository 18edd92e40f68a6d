"""Reads the states of a plan's cells from the store, and records cells before they run and when a worker has died."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.config.identity import config_identity
from harness.config.plain import canonical
from harness.store import AlreadyFinished, AlreadyRunning, Store
from harness.store import states as s
from harness.store.cell_states import UNKNOWN, cell_states
from harness.store.query import runs, sweeps
from harness.store.records import EnvironmentRecord
from harness.sweeping.jobs import JobOutcome
from harness.sweeping.planning import ELSEWHERE, FAILED, FINISHED, INCOMPATIBLE, READY, PlannedRun


def with_states(
    planned: Iterable[PlannedRun], store: Store | None, environment: str | None, retry: Sequence[str] = ()
) -> list[PlannedRun]:
    """The runs with their states from the store.

    Args:
        planned: as `plan_cells` returns them.
        store: None: there is none yet, so nothing has run.
        environment: hash of the environment in which a run must have finished to count; None: any.
        retry: states to run again ("failed").
    """
    known = {s.FINISHED: FINISHED, s.RUNNING: ELSEWHERE}
    if "failed" not in retry:
        known[s.FAILED] = FAILED
    planned = list(planned)
    if store is None:
        return planned
    keys = [run.plan.key for run in planned if run.state == READY]
    here, anywhere = cell_states(store, keys, environment), cell_states(store, keys, None)
    result = []
    for run in planned:
        state, reason, found = run.state, run.reason, here.get(run.plan.key, UNKNOWN)
        if state == READY:
            state = known.get(found.status, READY)
            if state == READY and anywhere.get(run.plan.key, UNKNOWN).status == s.FINISHED:
                reason = "finished, but in another environment (machine, threads or library versions)"
        ended = found.attempts - (found.status == s.RUNNING)
        result.append(replace(run, state=state, reason=reason, attempts=ended))
    return result


def record(planned: Sequence[PlannedRun], store: Store) -> None:
    """Record every cell in the store, and remove from the sweep the cells that these replace.

    Cells of an experiment replace those of the same task, model and seed (the experiment or the code has
    changed); other cells replace those of the same configuration (the code has changed).
    """
    store.plan_all([(run.plan, run.reason if run.state == INCOMPATIBLE else None) for run in planned])
    for name in dict.fromkeys(run.plan.sweep for run in planned):
        runs_of_it = [run for run in planned if run.plan.sweep == name]
        mine = [run.plan for run in runs_of_it]
        experiment = any(run.of_experiment for run in runs_of_it)
        replaced = {_coordinates(plan, experiment) for plan in mine}
        before = runs(store, sweep=name) if name in {sweep.name for sweep in sweeps(store)} else []
        keys = {plan.key for plan in mine}
        kept = [v.key for v in before if v.key not in keys and _coordinates(v, experiment) not in replaced]
        store.set_sweep(name, [*kept, *(plan.key for plan in mine)], {r.plan.key: r.looks for r in runs_of_it})


def _coordinates(run: Any, experiment: bool) -> str:
    """What two cells of one sweep must share for the later to replace the earlier."""
    if experiment:
        return canonical([run.task, run.model, run.seed])
    return canonical(config_identity(run.config))


def record_interrupted(run: PlannedRun, store: Store, environment: EnvironmentRecord) -> None:
    """Record a run as interrupted whose process could not do so itself."""
    row = store.run_id(run.plan.key, environment.hash)
    assert row is not None, "a run that is interrupted was started"
    store.interrupt(row)


def record_failed(
    run: PlannedRun, outcome: JobOutcome, store: Store, environment: EnvironmentRecord, *, started: bool
) -> str:
    """Record a failure that the run could not record itself; returns its state afterwards.

    Args:
        run: the cell.
        outcome: how its worker ended.
        store: open.
        environment: where it should have run.
        started: whether its process had recorded the start.
    """
    try:
        if started:
            row = store.run_id(run.plan.key, environment.hash)
            assert row is not None, "a run that was started has a row"
        else:
            row = store.start(run.plan, environment, owner_pid=os.getpid())
    except AlreadyRunning:  # another sweep has started it
        return s.RUNNING
    except AlreadyFinished:
        return s.FINISHED
    failure = s.OVER_LIMIT if outcome.over_limit else s.BROKEN
    store.fail(row, outcome.error, outcome.traceback, outcome.log_tail, failure)
    return s.FAILED
