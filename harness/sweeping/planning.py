"""From a sweep's cells to what has to be done: keys, compatibility, what the store knows already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.config import Cell, to_settings
from harness.config.budget import Budget
from harness.config.identity import run_plan
from harness.config.matching import fit as fit_model
from harness.config.settings import RunSettings
from harness.errors import ConfigError
from harness.store import Store
from harness.store.query import runs, sweeps
from harness.store.records import RunPlan
from harness.sweeping.jobs import ALONE, TOGETHER, Job
from harness.sweeping.limits import NO_LIMITS, Limits
from harness.sweeping.precision_choice import CHOSEN

READY, FINISHED, FAILED, INCOMPATIBLE, ELSEWHERE = "ready", "finished", "failed", "incompatible", "running"


@dataclass(frozen=True)
class PlannedRun:
    """A cell of the sweep, or a baseline of one of its tasks, and what is to become of it.

    Attributes:
        settings: of the cell; of a baseline: those of the first cell with its task and seed.
        plan: as the store gets it.
        state: "ready" (to be run), "finished", "failed" (earlier, and not to be tried again), "incompatible", or
            "running" (in another process; waited for, and taken over if that does not finish it).
        reason: why it is incompatible, or why it is to be run although it has finished elsewhere.
        baseline: the baseline's name; empty for a model.
        limits: beyond which it is stopped.
        alone: whether nothing else of this sweep, and no other such run, may compute meanwhile.
    """

    settings: RunSettings
    plan: RunPlan
    state: str = READY
    reason: str = ""
    baseline: str = ""
    limits: Limits = NO_LIMITS
    alone: bool = False

    @property
    def label(self) -> str:
        """For people: "translation × lstm, seed 0 (1a2b3c4d)"; the key tells cells apart that differ in more."""
        return f"{self.plan.task} × {self.plan.model}, seed {self.plan.seed} ({self.plan.key[:8]})"

    @property
    def prepare_label(self) -> str:
        """Equal for all runs on the same data."""
        return f"data of {self.plan.task} ({json.dumps(self.plan.config['task'], sort_keys=True)})"

    def job(self, *, beside_alone: bool) -> Job:
        """The job that runs it.

        Args:
            beside_alone: whether the sweep has runs that must be alone.
        """
        return Job(
            "baseline" if self.baseline else "run",
            self.label,
            self.settings.config,
            self.plan,
            self.baseline,
            needs=(self.prepare_label,),
            limits=self.limits,
            lock=ALONE if self.alone else TOGETHER if beside_alone else "",
        )

    def prepare_job(self, *, beside_alone: bool) -> Job:
        """The job that prepares its data."""
        lock = TOGETHER if beside_alone else ""
        return Job("prepare", self.prepare_label, self.settings.config, lock=lock)


def plan_cells(cells: Iterable[Cell]) -> list[PlannedRun]:
    """Every distinct run of the cells, then the baselines of their tasks.

    Raises:
        ConfigError, PluginError, DataError: a cell's options, plug-in or data source is wrong.
        ConfigError: cells differ in their number of threads.
    """
    models: dict[str, PlannedRun] = {}
    baselines: dict[str, PlannedRun] = {}
    threads: set[int] = set()
    for cell in cells:
        _refuse_auto(cell)
        settings, fit = fit_model(to_settings(cell.config))
        threads.add(settings.trainer.threads or 1)
        limits = Limits.parse(cell.config.limits.time, cell.config.limits.memory)
        alone = cell.config.exclusive
        words = [word for word in cell.overrides if not word.startswith("limits.")]  # a sweep's, not a run's
        plan = run_plan(settings, compatible=fit.compatible, overrides=words)
        state = READY if fit.compatible else INCOMPATIBLE
        models.setdefault(plan.key, PlannedRun(settings, plan, state, fit.reason or "", "", limits, alone))
        if cell.config.baselines:
            for baseline in settings.task.baselines():
                plan = run_plan(settings, baseline=baseline)
                baselines.setdefault(plan.key, PlannedRun(settings, plan, baseline=baseline.name, limits=limits))
    if len(threads) > 1:
        raise ConfigError(
            f"trainer.threads is {' and '.join(map(str, sorted(threads)))} in cells of one sweep, whose times are "
            "compared. Give all of them one number, or make a sweep for each."
        )
    return [*models.values(), *baselines.values()]


def _refuse_auto(cell: Cell) -> None:
    if cell.config.trainer.precision == "auto":
        raise ConfigError(
            "precision=auto is for single runs ('harness run'), and the runs of a sweep have one precision: write "
            "precision=fp32 or precision=bf16."
        )


def with_states(
    planned: Iterable[PlannedRun], store: Store | None, environment: str | None, retry: Sequence[str] = ()
) -> list[PlannedRun]:
    """The runs with their states from the store.

    Args:
        planned: as `plan_cells` returns them.
        store: None: there is none yet, so nothing has run.
        environment: hash of the environment in which a run must have finished to count; None: any.
        retry: states to run again all the same ("failed").
    """
    known = {"finished": FINISHED, "running": ELSEWHERE}
    if "failed" not in retry:
        known["failed"] = FAILED
    result = []
    for run in planned:
        state, reason = run.state, run.reason
        if state == READY and store is not None:
            state = known.get(store.status(run.plan.key, environment) or "", READY)
            if state == READY and store.finished(run.plan.key):
                reason = "finished, but in another environment (machine, threads or library versions)"
        result.append(replace(run, state=state, reason=reason))
    return result


def record(planned: Sequence[PlannedRun], store: Store, *, experiment: bool) -> None:
    """Enter every cell in the store, and take from the sweep the cells that these replace.

    Cells of an experiment replace those of the same task, model and seed (the experiment or the code has
    changed); other cells replace those of the same configuration (the code has changed).
    """
    for run in planned:
        if run.state == INCOMPATIBLE:
            store.record_incompatible(run.plan, run.reason)
        else:
            store.plan(run.plan)
    for name in dict.fromkeys(run.plan.sweep for run in planned):
        mine = [run.plan for run in planned if run.plan.sweep == name]
        replaced = {_coordinates(plan, experiment) for plan in mine}
        before = runs(store, sweep=name) if name in {sweep.name for sweep in sweeps(store)} else []
        keys = {plan.key for plan in mine}
        kept = [v.key for v in before if v.key not in keys and _coordinates(v, experiment) not in replaced]
        store.set_sweep(name, [*kept, *(plan.key for plan in mine)])


def jobs_for(todo: Sequence[PlannedRun], *, beside_alone: bool = False) -> list[Job]:
    """Data first, then the runs, the longest budgets first so that no worker idles at the end, then baselines.

    Args:
        todo: what is to be run.
        beside_alone: as for `PlannedRun.job`.
    """
    prepare = {run.prepare_label: run.prepare_job(beside_alone=beside_alone) for run in todo}
    ordered = sorted(todo, key=lambda run: (bool(run.baseline), -_seconds(run)))
    return [*prepare.values(), *(run.job(beside_alone=beside_alone) for run in ordered)]


def _seconds(run: PlannedRun) -> float:
    budget = Budget.parse(run.settings.budget)
    return budget.amount if budget.kind == "seconds" else 0.0


def _coordinates(run: Any, experiment: bool) -> str:
    """What two cells of one sweep must share for the later to replace the earlier."""
    if experiment:
        return json.dumps([run.task, run.model, run.seed])
    free = ("sweep", CHOSEN)
    return json.dumps({k: v for k, v in run.config.items() if k not in free}, sort_keys=True)
