"""The plan of one run: as a sweep's, but on all cores, and with `precision=auto` decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.store import Store
    from harness.sweeping.planning import PlannedRun


def plan_one(words: Sequence[str], store: Callable[[], Store]) -> PlannedRun:
    """The cell that the words of one run describe, checked before any data is touched.

    `precision=auto` becomes fp32 or bf16 here, which takes a short training where bf16 is possible.

    Args:
        words: `NAME=VALUE` as after `harness run`.
        store: opens the run's store; called if an earlier choice of precision must be looked up.

    Raises:
        UserError: a word is wrong, or an experiment is a grid of several runs.
        IncompatibleError: this model cannot do this task.
    """
    from harness.runtime import threads_for_one_run, tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.config.cells import one_cell
    from harness.config.identity import run_plan
    from harness.config.matching import matched
    from harness.errors import IncompatibleError
    from harness.registry.compatibility import check, explain
    from harness.registry.matrix import fitting_models
    from harness.sweeping.planning import PlannedRun
    from harness.sweeping.precision_choice import chosen

    cell = one_cell(words, threads=threads_for_one_run())
    settings, overrides = cell.settings, list(cell.overrides)
    signature = settings.task.signature
    fit = check(signature, settings.model.name, settings.model.capabilities(signature))
    if not fit.compatible:
        raise IncompatibleError(explain(signature, fit.reason or "", fitting_models(signature)))
    settings = matched(settings)
    before: dict[str, float] = {}
    if settings.trainer.precision == "auto":
        settings, before = chosen(settings, store())
        overrides = [word for word in overrides if not word.startswith("trainer.precision=")]
        overrides.append(f"precision={settings.trainer.precision}")  # repeats the run, whatever auto may become later
    plan = run_plan(settings, overrides=overrides)
    return PlannedRun.of(cell, plan, settings, alone=settings.exclusive, before=before)
