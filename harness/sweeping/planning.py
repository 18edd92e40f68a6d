"""The plan: from words to cells with keys, and whether each is possible. Reads no store and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.config import Cell, to_settings
from harness.config.identity import run_plan
from harness.config.matching import fit as fit_model
from harness.config.settings import RunSettings
from harness.errors import ConfigError
from harness.store.records import RunPlan
from harness.sweeping.limits import NO_LIMITS, Limits

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
        limits: exceeding one stops it.
        alone: whether nothing else of this sweep, and no other such run, may compute meanwhile.
        launcher: what starts its worker; None: what the command takes by default.
    """

    settings: RunSettings
    plan: RunPlan
    state: str = READY
    reason: str = ""
    baseline: str = ""
    limits: Limits = NO_LIMITS
    alone: bool = False
    launcher: str | None = None

    @property
    def label(self) -> str:
        """For people: "translation × lstm, seed 0". Not unique: cells are known by their keys."""
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
    for cell in cells:
        _refuse_auto(cell)
        settings, fit = fit_model(to_settings(cell.config))
        threads.add(settings.trainer.threads or 1)
        limits = Limits.parse(cell.config.limits.time, cell.config.limits.memory)
        alone, launcher = cell.config.exclusive, cell.config.launcher
        plan = run_plan(settings, compatible=fit.compatible, overrides=of_a_run(cell.overrides))
        state = READY if fit.compatible else INCOMPATIBLE
        models.setdefault(plan.key, PlannedRun(settings, plan, state, fit.reason or "", "", limits, alone, launcher))
        if cell.config.baselines:
            for baseline in settings.task.baselines():
                plan = run_plan(settings, baseline=baseline)
                run = PlannedRun(settings, plan, baseline=baseline.name, limits=limits, launcher=launcher)
                baselines.setdefault(plan.key, run)
    if len(threads) > 1:
        raise ConfigError(
            f"trainer.threads is {' and '.join(map(str, sorted(threads)))} in cells of one sweep, whose times are "
            "compared. Give all of them one number, or make a sweep for each."
        )
    return [*models.values(), *baselines.values()]


def of_a_run(words: Sequence[str]) -> list[str]:
    """The words without those that say how a run is watched and where it is started, which do not repeat it."""
    return [word for word in words if not word.startswith(("limits.", "launcher="))]


def _refuse_auto(cell: Cell) -> None:
    if cell.config.trainer.precision == "auto":
        raise ConfigError(
            "precision=auto is for single runs ('harness run'), and the runs of a sweep have one precision: write "
            "precision=fp32 or precision=bf16."
        )
