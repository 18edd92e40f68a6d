"""`run_sweep`: every cell of a grid, once, in a pool of worker processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from harness.config import expand
from harness.identity import device_type
from harness.runtime import tune_allocator, usable_cores
from harness.store import Store
from harness.store.engine import results_folder, store_url
from harness.store.records import EnvironmentRecord
from harness.sweeping import planning
from harness.sweeping.display import Display
from harness.sweeping.jobs import Job, Outcome, Surroundings
from harness.sweeping.planning import PlannedRun
from harness.sweeping.pool import NOT_STARTED, Event, Pool
from harness.training.budget import Budget


@dataclass
class SweepResult:
    """What a sweep did.

    Attributes:
        name: of the sweep.
        planned: every cell with the state it had before.
        outcomes: of the runs that were started or should have been, by key.
    """

    name: str
    planned: list[PlannedRun]
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def failed(self) -> list[PlannedRun]:
        """Runs that failed now, and those that failed earlier and were not tried again."""
        bad = {key for key, outcome in self.outcomes.items() if outcome.status in ("failed", "died")}
        return [run for run in self.planned if run.plan.key in bad or run.state == planning.FAILED]


def run_sweep(
    overrides: Sequence[str],
    *,
    workers: int | None = None,
    dry_run: bool = False,
    retry: Sequence[str] = (),
    quiet: bool = False,
) -> SweepResult:
    """Run every cell of a sweep that is not finished yet.

    Incompatible pairs are recorded with their reason; a run that fails is recorded and the sweep goes on.

    Args:
        overrides: the command line's words, in Hydra's sweep grammar.
        workers: processes at a time, one thread each; None: one for each core.
        dry_run: only look: nothing is written and nothing is run.
        retry: ("failed",) to run failed cells again.
        quiet: show no progress.

    Raises:
        UserError, PluginError: the command line, a plug-in or the store is wrong; nothing has been run.
        KeyboardInterrupt: Ctrl-C; workers have been stopped and their runs recorded as interrupted.
    """
    tune_allocator()  # it is part of the environment, by which finished runs are known
    display = Display(quiet=quiet)
    with display.waiting("Composing the cells"):
        planned = planning.plan_cells(expand(overrides))
    name = planned[0].plan.sweep
    threads = planned[0].settings.trainer.threads or 1
    with display.waiting("Looking at the results store"):
        environment = _environment(planned[0], threads)
        if dry_run:
            return SweepResult(name, planning.with_states(planned, _existing_store(), environment.hash, retry))
        store = Store.open()
    with store:
        planned = planning.with_states(planned, store, environment.hash, retry)
        planning.record(planned, store, experiment=any(w.startswith("experiment=") for w in overrides))
        result = SweepResult(name, planned)
        todo = [run for run in planned if run.state == planning.READY]
        display.begin(planned)
        if todo:
            surroundings = Surroundings(Path.cwd(), dict(os.environ), store_url(), results_folder().absolute(), threads)
            count = min(workers or usable_cores(), len(todo))
            _run(todo, Pool(count, surroundings), store, environment, result, display)
    return result


def jobs_for(todo: Sequence[PlannedRun]) -> list[Job]:
    """Data first, then the runs, the longest budgets first so that no worker idles at the end, then baselines."""
    prepare = {run.prepare_label: Job("prepare", run.prepare_label, run.settings.config) for run in todo}
    ordered = sorted(todo, key=lambda run: (bool(run.baseline), -_seconds(run)))
    jobs = [
        Job(
            "baseline" if run.baseline else "run",
            run.label,
            run.settings.config,
            run.plan,
            run.baseline,
            needs=(run.prepare_label,),
        )
        for run in ordered
    ]
    return [*prepare.values(), *jobs]


def _run(
    todo: Sequence[PlannedRun],
    pool: Pool,
    store: Store,
    environment: EnvironmentRecord,
    result: SweepResult,
    display: Display,
) -> None:
    by_label = {run.label: run for run in todo}
    with display.live(), closing(pool.run(jobs_for(todo))) as events:
        for event in events:
            run = by_label.get(event.job.label)
            if event.outcome is None or run is None:
                display.update(event)
                continue
            _record_end(run, event, store, environment)
            result.outcomes[run.plan.key] = event.outcome
            display.ended(event, run, store)


def _record_end(run: PlannedRun, event: Event, store: Store, environment: EnvironmentRecord) -> None:
    """Enter a failure that the run could not enter itself: its data failed, or its process died."""
    outcome, key = event.outcome, run.plan.key
    if outcome is None or outcome.status not in ("failed", "died"):
        return
    if event.text != NOT_STARTED and store.status(key, environment.hash) in ("failed", "finished"):
        return
    run_id = store.run_id(key, environment.hash) if outcome.status == "died" else None
    if run_id is None:
        run_id = store.start(run.plan, environment, owner_pid=os.getpid())
    store.fail(run_id, outcome.error, outcome.traceback, outcome.log_tail)


def _environment(run: PlannedRun, threads: int) -> EnvironmentRecord:
    from harness.training.measure_environment import measure_environment

    return measure_environment(device_type(run.settings.trainer.device), threads)


def _existing_store() -> Store | None:
    from harness.errors import StoreError

    try:
        return Store.open(create=False)
    except StoreError:
        return None  # a dry run needs no store


def _seconds(run: PlannedRun) -> float:
    budget = Budget.parse(run.settings.budget)
    return budget.amount if budget.kind == "seconds" else 0.0
