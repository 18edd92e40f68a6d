"""Plans cells: from words to runs with keys, and whether each is possible. Reads no store and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from harness.config import Cell
from harness.config.checks import refuse_single_run_values
from harness.config.identity import Planner
from harness.config.matching import fit as fit_model
from harness.config.settings import RunSettings
from harness.contract.task import Baseline, Task
from harness.errors import ConfigError
from harness.registry.compatibility import Compatibility
from harness.store.records import RunPlan
from harness.sweeping.limits import NO_LIMITS, Limits

READY, FINISHED, FAILED, INCOMPATIBLE, ELSEWHERE = "ready", "finished", "failed", "incompatible", "running"


@dataclass(frozen=True)
class PlannedRun:
    """A cell of the sweep, or a baseline of one of its tasks, and its state.

    Attributes:
        settings: of the cell; of a baseline: those of the first cell with its task and seed.
        plan: as recorded in the store.
        state: "ready" (to be run), "finished", "failed" (earlier, and not retried), "incompatible", or "running" (in
            another process; waited for, and taken over if that does not finish it).
        reason: why it is incompatible, or why it is run although it has finished in another environment.
        baseline: the baseline's name; empty for a model.
        limits: exceeding one stops it.
        alone: whether no other job of this sweep, and no other such run, may compute at the same time.
        launcher: the launcher to use; None: the default of the command.
        before: seconds by phase spent on planning it, added to its own.
        of_experiment: whether it is a cell of an experiment.
        attempts: how many attempts at it have ended, as the store has recorded.
        looks: how often its sweep may look at the results and add seeds; 0: no such plan.
    """

    settings: RunSettings
    plan: RunPlan
    state: str = READY
    reason: str = ""
    baseline: str = ""
    limits: Limits = NO_LIMITS
    alone: bool = False
    launcher: str | None = None
    before: Mapping[str, float] = field(default_factory=dict)
    of_experiment: bool = False
    attempts: int = 0
    looks: int = 0

    @classmethod
    def of(cls, cell: Cell, plan: RunPlan, settings: RunSettings, **others: Any) -> PlannedRun:
        """The run of a cell, with its sweep options.

        Args:
            cell: that is run, or whose baseline is run.
            plan: of the run.
            settings: the cell's, fully resolved.
            others: further attributes.
        """
        limits = _limits(cell.sweep.limits.time, cell.sweep.limits.memory)
        launcher, of_experiment = cell.sweep.launcher, cell.of_experiment
        return cls(settings, plan, limits=limits, launcher=launcher, of_experiment=of_experiment, **others)

    @property
    def label(self) -> str:
        """For display: "translation × lstm, seed 0". Not unique; keys identify cells."""
        return f"{self.plan.task} × {self.plan.model}, seed {self.plan.seed}"


def plan_cells(cells: Iterable[Cell]) -> list[PlannedRun]:
    """Every distinct run of the cells, then the baselines of their tasks.

    Raises:
        ConfigError, PluginError, DataError: a cell's options, plug-in or data source is wrong.
        ConfigError: cells differ in their number of threads.
    """
    models: dict[str, PlannedRun] = {}
    baselines: dict[str, PlannedRun] = {}
    threads: set[int] = set()
    planner, fits = Planner(), _Fits()
    for cell in cells:
        refuse_single_run_values("trainer.precision", cell.settings.trainer.precision)
        settings, fit = fits.of(cell.settings)
        threads.add(settings.trainer.threads or 1)
        plan = planner.plan(settings, compatible=fit.compatible, overrides=cell.overrides)
        if plan.key not in models:
            state, reason = (READY, "") if fit.compatible else (INCOMPATIBLE, fit.reason or "")
            models[plan.key] = PlannedRun.of(cell, plan, settings, state=state, reason=reason, alone=settings.exclusive)
        if not cell.sweep.baselines:
            continue
        # Times of baselines are not compared, so they need not run alone.
        together = replace(settings, exclusive=False) if settings.exclusive else settings
        for baseline in fits.baselines(settings.task):
            plan = planner.plan(together, baseline=baseline)
            if plan.key not in baselines:
                baselines[plan.key] = PlannedRun.of(cell, plan, together, baseline=baseline.name)
    if len(threads) > 1:
        raise ConfigError(
            f"trainer.threads is {' and '.join(map(str, sorted(threads)))} in cells of one sweep, whose times are "
            "compared. Use one number for all of them, or a separate sweep for each."
        )
    return [*models.values(), *baselines.values()]


_limits = lru_cache(maxsize=64)(Limits.parse)


class _Fits:
    """Whether models fit tasks, with the sizes that `match` asks for; computed once for the same objects."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[RunSettings, RunSettings, Compatibility]] = {}
        self._baselines: dict[int, tuple[Task, tuple[Baseline, ...]]] = {}

    def of(self, settings: RunSettings) -> tuple[RunSettings, Compatibility]:
        """The result of `harness.config.matching.fit`."""
        key = (id(settings.task), id(settings.model), id(settings.trainer), settings.asked.match)
        if key not in self._known:
            self._known[key] = settings, *fit_model(settings)  # keeps the objects alive, so that ids stay valid
        _, known, found = self._known[key]
        return (settings if known.model is settings.model else replace(settings, model=known.model)), found

    def baselines(self, task: Task) -> tuple[Baseline, ...]:
        """The baselines of a task."""
        if id(task) not in self._baselines:
            self._baselines[id(task)] = task, task.baselines()
        return self._baselines[id(task)][1]
